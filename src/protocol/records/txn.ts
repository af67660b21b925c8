/** Records of package org.apache.zookeeper.txn (zookeeper.jute): what the log holds and proposals carry. */
import {
  bool,
  buffer,
  int,
  long,
  millis,
  optionalTail,
  record,
  sessionId,
  string,
  type Value,
  vector,
  zxid,
} from '../jute.ts'
import { Acl } from './data.ts'

/** `type` is an OpCode; `time` is the leader's wall clock in ms. */
export const TxnHeader = record({ clientId: sessionId, cxid: int, zxid, time: millis, type: int })
export type TxnHeader = Value<typeof TxnHeader>

/** The tree digest after this transaction; it follows the record when digest.enabled (SerializeUtils). */
export const TxnDigest = record({ version: int, treeDigest: long })
export type TxnDigest = Value<typeof TxnDigest>

/** `parentCVersion` is stored, -1 means "count up"; before 3.4 (CreateTxnV0) the field was missing. */
export const CreateTxn = record({
  path: string,
  data: buffer,
  acl: vector(Acl),
  ephemeral: bool,
  parentCVersion: int,
})
export type CreateTxn = Value<typeof CreateTxn>
export const CreateContainerTxn = record({
  path: string,
  data: buffer,
  acl: vector(Acl),
  parentCVersion: int,
})
export type CreateContainerTxn = Value<typeof CreateContainerTxn>
export const CreateTtlTxn = record({
  path: string,
  data: buffer,
  acl: vector(Acl),
  parentCVersion: int,
  ttl: millis,
})
export type CreateTtlTxn = Value<typeof CreateTtlTxn>
export const DeleteTxn = record({ path: string })
export type DeleteTxn = Value<typeof DeleteTxn>
export const SetDataTxn = record({ path: string, data: buffer, version: int })
export type SetDataTxn = Value<typeof SetDataTxn>
export const SetAclTxn = record({ path: string, acl: vector(Acl), version: int })
export type SetAclTxn = Value<typeof SetAclTxn>
export const CheckVersionTxn = record({ path: string, version: int })
export type CheckVersionTxn = Value<typeof CheckVersionTxn>
export const CreateSessionTxn = record({ timeOut: int })
export type CreateSessionTxn = Value<typeof CreateSessionTxn>
/** The ephemerals to delete; absent in logs written before 3.6 or with closeSessionTxn.enabled=false. */
export const CloseSessionTxn = record({ paths2Delete: optionalTail(vector(string)) })
export type CloseSessionTxn = Value<typeof CloseSessionTxn>
export const ErrorTxn = record({ err: int })
export type ErrorTxn = Value<typeof ErrorTxn>
/** A part of a multi: `data` is the part's own record. Failed multis hold parts of type -1. */
export const Txn = record({ type: int, data: buffer })
export type Txn = Value<typeof Txn>
export const MultiTxn = record({ txns: vector(Txn) })
export type MultiTxn = Value<typeof MultiTxn>
