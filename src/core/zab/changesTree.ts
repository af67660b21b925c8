/**
 * Whether a logged transaction changes the tree. Errors, and the creation and closing of sessions, take zxids
 * although they change nothing.
 */

import { OpCode } from '../../protocol/opcodes.ts'
import { Reader } from '../../protocol/reader.ts'
import { TxnHeader } from '../../protocol/records/txn.ts'
import type { LoggedTxn } from '../effects.ts'

const WITHOUT_CHANGE: readonly number[] = [OpCode.error, OpCode.createSession, OpCode.closeSession]

export function changesTree({ bytes }: LoggedTxn): boolean {
  return !WITHOUT_CHANGE.includes(TxnHeader.read(new Reader(bytes)).type)
}
