/**
 * The two kinds of identity. A sid names a server (the N of `server.N`, 0..255 in practice, any int64 on the
 * wire); a session id names a client's session. The brands keep one from being passed for the other.
 */
export type Sid = number & { readonly __brand: 'Sid' }

/** 64 bits, the top byte being the id of the server that opened the session; negative for ids above 127. */
export type SessionId = bigint & { readonly __brand: 'SessionId' }

export const NO_SESSION = 0n as SessionId

/** As Apache prints it: `0x100000fcc410000`. */
export function formatSessionId(id: SessionId): string {
  return `0x${BigInt.asUintN(64, id).toString(16)}`
}
