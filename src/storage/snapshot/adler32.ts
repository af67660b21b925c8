/**
 * Adler-32 (RFC 1950), the checksum of log entries and snapshots. Node's zlib computes it internally but does
 * not offer it. The modulo is postponed for as long as both sums are sure to fit an int32, which keeps the
 * loop in integer registers: 3800 is the greatest n with 255·n(n+1)/2 + (n+1)·65520 < 2^31.
 */
const MODULUS = 65521
const RUN = 3800

/**
 * The checksum as an unsigned 32-bit number. `previous` is the checksum of earlier bytes, to be continued.
 */
export function adler32(bytes: Uint8Array, previous = 1): number {
  let a = previous & 0xffff
  let b = previous >>> 16
  const length = bytes.length
  let at = 0
  while (at < length) {
    const stop = Math.min(at + RUN, length)
    for (; at < stop; at++) {
      a += bytes[at] as number
      b += a
    }
    a %= MODULUS
    b %= MODULUS
  }
  return b * 0x10000 + a
}
