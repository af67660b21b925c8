/** Which znodes are protected, and how paths are split. */

/** Paths that cannot be deleted (DataTree.isSpecialPath). */
const PROTECTED = new Set(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])

export function isProtected(path: string): boolean {
  return PROTECTED.has(path)
}

/** '' for children of the root, which is the root's name in the tree; null without a slash. */
export function parentOf(path: string): string | null {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? null : path.substring(0, slash)
}

export function nameOf(path: string): string {
  return path.substring(path.lastIndexOf('/') + 1)
}
