/** `ip`: clients by their address. IPv4 alone, whole or as address/bits, as Apache 3.8 reads it. */
import type { AuthenticationProvider } from './provider.ts'

/** Integer.parseInt. */
function javaInt(text: string): number | null {
  return /^[+-]?\d{1,10}$/.test(text) ? Number(text) : null
}

/** The address as an unsigned 32-bit number (IPAuthenticationProvider.v4addr2Bytes). */
function parseAddress(text: string): number | null {
  const parts = text.split('.').map(javaInt)
  if (parts.length !== 4) return null
  let address = 0
  for (const part of parts) {
    if (part === null || part < 0 || part > 255) return null
    address = address * 256 + part
  }
  return address
}

function parseExpression(text: string): { address: number; bits: number } | null {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  const bits = slash < 0 ? 32 : javaInt(text.slice(slash + 1))
  if (address === null || bits === null || bits < 0 || bits > 32) return null
  return { address, bits }
}

export const ipProvider: AuthenticationProvider = {
  scheme: 'ip',
  isAuthenticated: false,
  isExact: false,
  isValid: (id) => parseExpression(id) !== null,
  matches(id, aclId) {
    const wanted = parseExpression(aclId)
    const address = parseAddress(id)
    if (wanted === null || address === null) return false
    const block = 2 ** (32 - wanted.bits)
    return Math.floor(address / block) === Math.floor(wanted.address / block)
  },
  authenticate: (_, { address }) => [{ scheme: 'ip', id: address }],
}
