/** Which paths of znodes are valid (PathUtils.validatePath). */

/** Null when valid, otherwise what is wrong with it. */
export function pathProblem(path: string): string | null {
  if (path.length === 0) return 'is empty'
  if (path.charCodeAt(0) !== 0x2f) return 'does not start with /'
  if (path.length === 1) return null
  if (path.charCodeAt(path.length - 1) === 0x2f) return 'ends with /'
  let start = 1
  for (let i = 1; i <= path.length; i++) {
    const c = i === path.length ? 0x2f : path.charCodeAt(i)
    if (c === 0x2f) {
      const length = i - start
      if (length === 0) return `has an empty name at ${i}`
      if (length <= 2 && isRelative(path, start, length)) return `has a relative name at ${start}`
      start = i + 1
    } else if (isForbidden(c)) {
      return `has an invalid character at ${i}`
    }
  }
  return null
}

function isRelative(path: string, start: number, length: number): boolean {
  return path.charCodeAt(start) === 0x2e && (length === 1 || path.charCodeAt(start + 1) === 0x2e)
}

function isForbidden(c: number): boolean {
  return c <= 0x1f || (c >= 0x7f && c <= 0x9f) || (c >= 0xd800 && c <= 0xf8ff) || c >= 0xfff0
}
