/** `key=value,key="value"`: a digest-response taken apart as DigestMD5Base.parseDirectives does it. */

/** The directives that the server reads; each may occur once. Others are ignored. */
const KNOWN = new Set(
  'username realm nonce cnonce nonce-count qop digest-uri response maxbuf charset cipher authzid auth-param'.split(
    ' ',
  ),
)

const [TAB, LF, CR, SPACE, QUOTE, COMMA, EQUALS, BACKSLASH] = [9, 10, 13, 32, 34, 44, 61, 92]

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CR || byte === LF
}

/** The directives by key in lower case. A fault is worded without its subject. */
export function parseDirectives(
  bytes: Buffer,
): { directives: ReadonlyMap<string, Buffer> } | { fault: string } {
  const directives = new Map<string, Buffer>()
  let at = skipBlanks(bytes, 0)
  while (at < bytes.length) {
    if (bytes[at] === COMMA) {
      at = skipBlanks(bytes, at + 1)
      continue
    }
    const keyEnd = endOfWord(bytes, at, EQUALS)
    const key = bytes.toString('utf8', at, keyEnd).toLowerCase()
    at = skipBlanks(bytes, keyEnd)
    if (key === '' || key.includes(',')) return { fault: `a directive has the key "${key}"` }
    let value: Buffer = Buffer.alloc(0)
    if (at < bytes.length) {
      if (bytes[at] !== EQUALS) return { fault: `the directive ${key} has no value` }
      at = skipBlanks(bytes, at + 1)
      if (at >= bytes.length) return { fault: `the directive ${key} has no value` }
      const read = bytes[at] === QUOTE ? quoted(bytes, at + 1) : word(bytes, at)
      if (read === null) return { fault: `the quotes of ${key} do not match` }
      value = read.value
      at = read.end
    }
    if (KNOWN.has(key)) {
      if (directives.has(key)) return { fault: `the directive ${key} comes twice` }
      directives.set(key, value)
    }
    at = skipBlanks(bytes, at)
  }
  return { directives }
}

function skipBlanks(bytes: Buffer, from: number): number {
  let at = from
  while (isBlank(bytes[at])) at += 1
  return at
}

function endOfWord(bytes: Buffer, from: number, stop: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== stop && !isBlank(bytes[at])) at += 1
  return at
}

function word(bytes: Buffer, from: number): { value: Buffer; end: number } {
  const end = endOfWord(bytes, from, COMMA)
  return { value: bytes.subarray(from, end), end }
}

/** null when the closing quote is missing, or something other than a separator follows it. */
function quoted(bytes: Buffer, from: number): { value: Buffer; end: number } | null {
  const value: number[] = []
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte === QUOTE) {
      const next = bytes[at + 1]
      return next === undefined || next === COMMA || isBlank(next)
        ? { value: Buffer.from(value), end: at + 1 }
        : null
    }
    if (byte === BACKSLASH) at += 1
    const taken = bytes[at]
    if (taken === undefined) return null
    value.push(taken)
  }
  return null
}
