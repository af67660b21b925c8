/** Quorum packets by name, so that each format is written and read in one place. */
import type { SessionId, Sid } from '../../protocol/ids.ts'
import { decode, encode, type Value } from '../../protocol/jute.ts'
import { PacketType } from '../../protocol/opcodes.ts'
import { Reader } from '../../protocol/reader.ts'
import {
  ForwardedRequest,
  IntData,
  LearnerInfo,
  PROTOCOL_VERSION,
  type QuorumPacket,
  SessionTimeout,
  SessionValidity,
} from '../../protocol/records/quorum.ts'
import { Writer } from '../../protocol/writer.ts'
import { type Epoch, makeZxid, NO_ZXID, ZERO_ZXID, type Zxid } from '../../protocol/zxid.ts'
import type { LoggedTxn } from '../effects.ts'
import type { Request } from '../request.ts'

function packet(type: number, zxid: Zxid, data: Buffer | null = null): QuorumPacket {
  return { type, zxid, data, authinfo: null }
}

/**
 * FOLLOWERINFO or OBSERVERINFO: the epoch that the learner has accepted, its id, and the configuration that
 * it knows.
 */
export function learnerInfo(
  type: number,
  acceptedEpoch: Epoch,
  serverid: Sid,
  configVersion = 0,
): QuorumPacket {
  const info = { serverid, protocolVersion: PROTOCOL_VERSION, configVersion }
  return packet(type, makeZxid(acceptedEpoch, 0), encode(LearnerInfo, info))
}

export function leaderInfo(epoch: Epoch): QuorumPacket {
  return packet(PacketType.leaderInfo, makeZxid(epoch, 0), encode(IntData, { value: PROTOCOL_VERSION }))
}

/** `currentEpoch` -1: this epoch was accepted before, so the answer must not count as a vote for it. */
export function ackEpoch(lastZxid: Zxid, currentEpoch: Epoch | -1): QuorumPacket {
  return packet(PacketType.ackEpoch, lastZxid, encode(IntData, { value: currentEpoch }))
}

export function newLeader(epoch: Epoch, membershipText: string): QuorumPacket {
  return packet(PacketType.newLeader, makeZxid(epoch, 0), Buffer.from(membershipText))
}

export const diff = (zxid: Zxid): QuorumPacket => packet(PacketType.diff, zxid)
export const trunc = (zxid: Zxid): QuorumPacket => packet(PacketType.trunc, zxid)
export const snap = (zxid: Zxid): QuorumPacket => packet(PacketType.snap, zxid)
export const upToDate = (): QuorumPacket => packet(PacketType.upToDate, NO_ZXID)
export const ack = (zxid: Zxid): QuorumPacket => packet(PacketType.ack, zxid)
export const commit = (zxid: Zxid): QuorumPacket => packet(PacketType.commit, zxid)
export const proposal = (txn: LoggedTxn): QuorumPacket => packet(PacketType.proposal, txn.zxid, txn.bytes)
export const inform = (txn: LoggedTxn): QuorumPacket => packet(PacketType.inform, txn.zxid, txn.bytes)

/** COMMIT of a reconfig: it names the server that leads from now on (Leader.commitAndActivate). */
export function commitAndActivate(zxid: Zxid, designated: Sid): QuorumPacket {
  const writer = new Writer(8)
  writer.longFromNumber(designated)
  return packet(PacketType.commitAndActivate, zxid, writer.take())
}

/** The same for observers, followed by the transaction. */
export function informAndActivate(txn: LoggedTxn, designated: Sid): QuorumPacket {
  const writer = new Writer(8 + txn.bytes.length)
  writer.longFromNumber(designated)
  writer.raw(txn.bytes)
  return packet(PacketType.informAndActivate, txn.zxid, writer.take())
}

/** The data of both: the server that is to lead, and the transaction where there is one. */
export function readActivation(data: Buffer | null): { designated: Sid; txn: Buffer } {
  const reader = new Reader(data ?? Buffer.alloc(0))
  return { designated: reader.longAsNumber() as Sid, txn: reader.rest() }
}

export const ping = (lastProposed: Zxid): QuorumPacket => packet(PacketType.ping, lastProposed)
export const syncReply = (): QuorumPacket => packet(PacketType.sync, ZERO_ZXID)

type Touched = Value<typeof SessionTimeout>

/** The answer to a PING: the sessions whose clients were heard since the last one. */
export function pingReply(zxid: Zxid, touched: readonly Touched[]): QuorumPacket {
  const writer = new Writer(64 + touched.length * 12)
  for (const session of touched) SessionTimeout.write(writer, session)
  return packet(PacketType.ping, zxid, writer.take())
}

export function touchedSessions(data: Buffer | null): Touched[] {
  const touched: Touched[] = []
  const reader = new Reader(data ?? Buffer.alloc(0))
  while (reader.remaining > 0) touched.push(SessionTimeout.read(reader))
  return touched
}

export function revalidate(sessionId: SessionId, timeOut: number): QuorumPacket {
  return packet(PacketType.revalidate, NO_ZXID, encode(SessionTimeout, { sessionId, timeOut }))
}

export function validity(sessionId: SessionId, valid: boolean): QuorumPacket {
  return packet(PacketType.revalidate, NO_ZXID, encode(SessionValidity, { sessionId, valid }))
}

/** A client's write on its way to the leader (Learner.request). */
export function forwardedRequest(request: Request): QuorumPacket {
  const writer = new Writer(64 + (request.body?.length ?? 0))
  ForwardedRequest.write(writer, { sessionId: request.sessionId, cxid: request.cxid, type: request.type })
  if (request.body !== null) writer.raw(request.body)
  const authinfo = request.authInfo.length === 0 ? null : [...request.authInfo]
  return { type: PacketType.request, zxid: NO_ZXID, data: writer.take(), authinfo }
}

export function receivedRequest(received: QuorumPacket, owner: number): Request {
  const reader = new Reader(received.data ?? Buffer.alloc(0))
  const { sessionId, cxid, type } = ForwardedRequest.read(reader)
  return { sessionId, cxid, type, body: reader.rest(), authInfo: received.authinfo ?? [], owner }
}

/** Servers before 3.5 leave out what follows the sid. */
export function readLearnerInfo(data: Buffer | null): Value<typeof LearnerInfo> {
  return decode(LearnerInfo, data ?? Buffer.alloc(0))
}

export function readInt(data: Buffer | null): number {
  return decode(IntData, data ?? Buffer.alloc(0)).value
}

export function readSessionTimeout(data: Buffer | null): Touched {
  return decode(SessionTimeout, data ?? Buffer.alloc(0))
}

export function readValidity(data: Buffer | null): Value<typeof SessionValidity> {
  return decode(SessionValidity, data ?? Buffer.alloc(0))
}
