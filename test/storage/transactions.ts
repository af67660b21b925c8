/** Directories and transactions to store. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { LoggedTxn } from '../../src/core/effects.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { encodeTransaction, type TxnBody } from '../../src/protocol/transaction.ts'
import { makeZxid, type Zxid } from '../../src/protocol/zxid.ts'

export const SESSION = 0x100000abcn as SessionId
export const WORLD = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

/** Removed when the test is over. */
export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'zk-storage-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export function copyOf(dir: string): string {
  const copy = temporaryDir()
  cpSync(dir, copy, { recursive: true })
  return copy
}

export function txn(zxid: Zxid, body: TxnBody): LoggedTxn {
  const header = { clientId: SESSION, cxid: 1, zxid, time: 1_600_000_000_000 + zxid, type: body.type }
  return { zxid, bytes: encodeTransaction({ header, body, digest: undefined }) }
}

/** The parent's cversion afterwards is `parentCVersion`, unless it is higher already; -1 counts up. */
export function create(
  zxid: Zxid,
  path: string,
  data: Buffer | null = Buffer.from(path),
  parentCVersion = -1,
): LoggedTxn {
  const record = { path, data, acl: WORLD, ephemeral: false, parentCVersion }
  return txn(zxid, { type: OpCode.create, record })
}

/** `create /n<zxid>` for counters from..to of an epoch, as the only ones below the root. */
export function creates(epoch: number, from: number, to: number): LoggedTxn[] {
  return Array.from({ length: to - from + 1 }, (_, i) => {
    const zxid = makeZxid(epoch, from + i)
    return create(zxid, `/n${zxid}`, undefined, epoch * 1000 + from + i)
  })
}
