/**
 * Reads DER (X.690), as far as certificates and key stores need it. Every length is checked before it is
 * used.
 */

export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  /** The value including its tag and length. */
  readonly encoded: Buffer
}

export const Tag = { integer: 0x02, octetString: 0x04, oid: 0x06, sequence: 0x30, set: 0x31 } as const

export class DerError extends Error {
  override name = 'DerError'
}

/** The values that follow one another in `bytes`. */
export function derValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const value = readValue(bytes, at)
    values.push(value)
    at += value.encoded.length
  }
  return values
}

/** The first value in `bytes`. @throws DerError when its tag is not the given one */
export function derValue(bytes: Buffer, tag?: number): DerValue {
  const value = readValue(bytes, 0)
  if (tag !== undefined && value.tag !== tag) throw new DerError(`tag ${value.tag} where ${tag} is expected`)
  return value
}

/** The values that a constructed value consists of. */
export function partsOf(value: DerValue | undefined): DerValue[] {
  if (value === undefined) throw new DerError('a value is missing')
  return derValues(value.content)
}

export function oidOf(value: DerValue | undefined): string {
  if (value?.tag !== Tag.oid) throw new DerError('an object identifier is missing')
  const numbers: number[] = []
  let number = 0
  for (const byte of value.content) {
    number = number * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    numbers.push(number)
    number = 0
  }
  const [first = 0, ...rest] = numbers
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...rest].join('.')
}

export function integerOf(value: DerValue | undefined): number {
  if (value?.tag !== Tag.integer || value.content.length > 6) throw new DerError('an integer is missing')
  return value.content.length === 0 ? 0 : value.content.readIntBE(0, value.content.length)
}

function readValue(bytes: Buffer, at: number): DerValue {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) throw new DerError('a value is cut short')
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80 || lengthBytes > 4 || at + 2 + lengthBytes > bytes.length)
    throw new DerError('a length that cannot be')
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)
  const start = at + 2 + lengthBytes
  if (length > bytes.length - start) throw new DerError('a value is cut short')
  return { tag, content: bytes.subarray(start, start + length), encoded: bytes.subarray(at, start + length) }
}
