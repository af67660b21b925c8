/** Where this bundle is: it starts itself again for its child processes, and it finds the library in dist. */
import { pathToFileURL } from 'node:url'

export const bundleFile = process.argv[1] as string

/** The built library that a user would import. */
export const libraryUrl = new URL('../dist/ensemble/index.js', pathToFileURL(bundleFile))

/** The built command line. */
export const commandLineUrl = new URL('../dist/cli/main.js', pathToFileURL(bundleFile))
