/**
 * A session's password is made of its id, so that any server can check it without knowing the session:
 * new java.util.Random(id ^ 0xB3415C00).nextBytes(16) (ZooKeeperServer.generatePasswd).
 */
import type { SessionId } from '../../protocol/ids.ts'

const SECRET = 0xb3415c00n
const MULTIPLIER = 0x5deece66dn
const MASK = (1n << 48n) - 1n

export function sessionPassword(id: SessionId): Buffer {
  let seed = (id ^ SECRET ^ MULTIPLIER) & MASK
  const password = Buffer.alloc(16)
  for (let at = 0; at < 16; at += 4) {
    seed = (seed * MULTIPLIER + 0xbn) & MASK
    // nextInt is the high 32 of 48 bits; nextBytes takes it byte by byte, lowest first.
    password.writeInt32LE(Number(BigInt.asIntN(32, seed >> 16n)), at)
  }
  return password
}
