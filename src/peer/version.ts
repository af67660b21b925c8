/** Which build this is: the bundler puts the package's version and the time in (scripts/build.mjs). */
declare const ZK_PSEUDO_VERSION: string | undefined
declare const ZK_PSEUDO_BUILT_AT: string | undefined

export const PACKAGE_VERSION = typeof ZK_PSEUDO_VERSION === 'string' ? ZK_PSEUDO_VERSION : '0.0.0'
export const BUILT_AT = new Date(typeof ZK_PSEUDO_BUILT_AT === 'string' ? ZK_PSEUDO_BUILT_AT : 0)
