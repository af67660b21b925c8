/** What a create is made of, alone and within a transaction. */
import { CreateFlag, OpCode, Permission } from '../protocol/opcodes.ts'
import type { Acl } from '../protocol/records/data.ts'

/** A string is stored as UTF-8; null differs from empty. */
export type Data = Buffer | string | null

export type CreateMode =
  | 'persistent'
  | 'ephemeral'
  | 'sequential'
  | 'ephemeralSequential'
  | 'container'
  | 'ttl'
  | 'sequentialTtl'

export interface CreateOptions {
  /** persistent unless given. */
  readonly mode?: CreateMode
  /** Open to all unless given. */
  readonly acl?: readonly Acl[]
  /** With the modes ttl and sequentialTtl: how long the znode may go without children and changes. */
  readonly ttlMs?: number
}

/** Everybody may do everything. */
export const OPEN_ACL: readonly Acl[] = [{ perms: Permission.all, id: { scheme: 'world', id: 'anyone' } }]
/** Everybody may read. */
export const READ_ACL: readonly Acl[] = [{ perms: Permission.read, id: { scheme: 'world', id: 'anyone' } }]
/** Whoever this client has authenticated as may do everything. */
export const CREATOR_ACL: readonly Acl[] = [{ perms: Permission.all, id: { scheme: 'auth', id: '' } }]

export function dataBytes(data: Data): Buffer | null {
  return typeof data === 'string' ? Buffer.from(data) : data
}

export function createOp(path: string, data: Data, options: CreateOptions) {
  const { mode = 'persistent', acl = OPEN_ACL, ttlMs } = options
  const request = { path, data: dataBytes(data), acl: [...acl], flags: CreateFlag[mode] }
  if (mode === 'ttl' || mode === 'sequentialTtl')
    return { type: OpCode.createTtl, request: { ...request, ttl: ttlMs ?? 0 } }
  return { type: mode === 'container' ? OpCode.createContainer : OpCode.create2, request }
}
