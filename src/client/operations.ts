/** The arguments of a create, alone or within a transaction, and what is sent for them. */
import { CreateFlag, OpCode, Permission } from '../protocol/opcodes.ts'
import type { CreateRequest, CreateTtlRequest } from '../protocol/records/client.ts'
import type { Acl } from '../protocol/records/data.ts'
import { aclList, checkOptions, checkWord, isWhole, wrongArgument } from './checks.ts'
import type { Chroot } from './chroot.ts'

/** A znode's data. A string is stored as UTF-8; null is not the same as empty. */
export type Data = Uint8Array | string | null

export type CreateMode =
  | 'persistent'
  | 'ephemeral'
  | 'sequential'
  | 'ephemeralSequential'
  | 'container'
  | 'ttl'
  | 'sequentialTtl'

export interface CreateOptions {
  /** `persistent` unless given. */
  readonly mode?: CreateMode
  /** OPEN_ACL unless given. */
  readonly acl?: readonly Acl[]
  /** Only with the modes ttl and sequentialTtl: how long the znode may go without children and changes. */
  readonly ttlMs?: number
}

/** Allows everything to everybody. */
export const OPEN_ACL: readonly Acl[] = [{ perms: Permission.all, id: { scheme: 'world', id: 'anyone' } }]
/** Allows everybody to read. */
export const READ_ACL: readonly Acl[] = [{ perms: Permission.read, id: { scheme: 'world', id: 'anyone' } }]
/** Allows everything to the ids that this client has authenticated as. */
export const CREATOR_ACL: readonly Acl[] = [{ perms: Permission.all, id: { scheme: 'auth', id: '' } }]

/** @throws TypeError for anything that is not Data, such as an object that was not converted to JSON */
export function dataBytes(data: Data): Buffer | null {
  const bytes = data === null ? null : bytesOf(data)
  if (bytes === undefined) throw wrongArgument('data', 'a string, a Uint8Array or null', data)
  return bytes
}

/** The bytes as a Buffer, without a copy; undefined for a value of another type. */
export function bytesOf(data: Uint8Array | string): Buffer | undefined {
  if (Buffer.isBuffer(data)) return data
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return undefined
}

type CreateOp =
  | { readonly type: OpCode; readonly request: CreateRequest }
  | { readonly type: OpCode; readonly request: CreateTtlRequest }

const TTL_MODES: readonly CreateMode[] = ['ttl', 'sequentialTtl']

/** @throws TypeError for what is not a path, not data, or not an option */
export function createOp(chroot: Chroot, path: string, data: Data, options: CreateOptions): CreateOp {
  checkOptions(options, ['mode', 'acl', 'ttlMs'])
  const { mode = 'persistent', acl = OPEN_ACL, ttlMs } = options
  checkWord('mode', CreateFlag, mode)
  const flags = CreateFlag[mode]
  const isSequential = mode.toLowerCase().includes('sequential')
  const serverPath = chroot.toServer(path, isSequential)
  const request = { path: serverPath, data: dataBytes(data), acl: aclList(acl), flags }
  if (TTL_MODES.includes(mode)) {
    if (!isWhole(ttlMs, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
      throw wrongArgument('ttlMs', 'whole milliseconds', ttlMs)
    return { type: OpCode.createTtl, request: { ...request, ttl: ttlMs } }
  }
  if (ttlMs !== undefined) throw new TypeError(`ttlMs goes with the modes ${TTL_MODES.join(' and ')} alone`)
  return { type: mode === 'container' ? OpCode.createContainer : OpCode.create2, request }
}
