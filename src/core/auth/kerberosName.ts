/**
 * Names as KerberosName takes them apart: `service/host@realm`; a name without `@` is taken as a service as
 * it is.
 */

interface KerberosName {
  readonly service: string
  readonly host: string | null
  readonly realm: string | null
}

/** null for what contains an `@` and yet is no principal. */
export function kerberosName(name: string): KerberosName | null {
  const match = /^([^/@]*)(?:\/([^/@]*))?@([^/@]*)$/.exec(name)
  if (match === null) return name.includes('@') ? null : { service: name, host: null, realm: null }
  return { service: match[1] ?? '', host: match[2] ?? null, realm: match[3] ?? '' }
}
