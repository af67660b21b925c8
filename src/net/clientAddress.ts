/**
 * Addresses as Java prints them, because they are ids of the scheme `ip` and appear in the answers to `cons`
 * and `stat`.
 */
import { isIPv6 } from 'node:net'

/** An IPv6 address with all its eight groups (Inet6Address.getHostAddress); any other text is unchanged. */
export function javaAddress(address: string): string {
  const [bare = '', zone] = address.split('%')
  if (!isIPv6(bare)) return address
  const [head = '', tail] = ungrouped(bare).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0')
  const groups = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16).toString(16))
  return groups.join(':') + (zone === undefined ? '' : `%${zone}`)
}

/** An IPv4 address at the end becomes two groups. */
function ungrouped(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const group = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16)
    return `${group(a, b)}:${group(c, d)}`
  })
}
