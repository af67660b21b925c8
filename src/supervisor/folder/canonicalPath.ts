/**
 * The canonical path of a file or folder, by which clusters are compared: two paths to one folder have the
 * same one.
 */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** The real path of the deepest existing ancestor, followed by the rest as it was given. */
export function canonicalPath(path: string): string {
  const absolute = resolve(path)
  try {
    return realpathSync(absolute)
  } catch {
    const parent = dirname(absolute)
    return parent === absolute ? absolute : join(canonicalPath(parent), basename(absolute))
  }
}
