/**
 * Whether a text is a distinguished name to Java's X500Principal, which decides what an x509 ACL may hold.
 */

/** AVAKeyword: the attribute names that it knows by itself. */
const KEYWORDS = new Set(
  (
    'CN C L S ST O OU T IP STREET DC DNQUALIFIER DNQ SURNAME GIVENNAME INITIALS GENERATION EMAIL ' +
    'EMAILADDRESS UID SERIALNUMBER'
  ).split(' '),
)

export function isDistinguishedName(text: string): boolean {
  if (text === '') return true
  const attributes = split(text)
  return attributes?.every(isAttribute) ?? false
}

/** At the separators that are neither quoted nor escaped; null when a quote is left open. */
function split(text: string): string[] | null {
  const parts: string[] = []
  let start = 0
  let isQuoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string
    if (char === '\\') i += 1
    else if (char === '"') isQuoted = !isQuoted
    else if (!isQuoted && /[,;+]/.test(char)) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return isQuoted ? null : [...parts, text.slice(start)]
}

function isAttribute(text: string): boolean {
  const equals = text.indexOf('=')
  if (equals < 0) return false
  return isKeyword(text.slice(0, equals).trim()) && isValue(text.slice(equals + 1).trimStart())
}

function isKeyword(text: string): boolean {
  const name = text.toUpperCase()
  if (KEYWORDS.has(name)) return true
  const oid = /^(?:OID\.)?(\d+)\.(\d+)((?:\.\d+)*)$/.exec(name)
  if (oid === null) return false
  const [first, second] = [Number(oid[1]), Number(oid[2])]
  return first === 2 || (first < 2 && second < 40)
}

const ESCAPED = String.raw`\\(?:[0-9a-fA-F]{2}|[,=\n+<>#;\\" ])`
const QUOTED = new RegExp(String.raw`^"(?:[^"\\]|${ESCAPED})*"[ \n]*$`)
const PLAIN = new RegExp(String.raw`^(?:[^<>"\\]|${ESCAPED})*$`)

function isValue(text: string): boolean {
  if (text.startsWith('#')) return /^#(?:[0-9a-fA-F]{2})+\s*$/.test(text)
  if (text.startsWith('"')) return QUOTED.test(text)
  // Without quotes, `<` and `>` are refused even after a backslash (verified against Java 17).
  return PLAIN.test(text) && !/\\?[<>]/.test(text)
}
