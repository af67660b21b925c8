/** Records of package org.apache.zookeeper.server.quorum, and what Apache packs by hand into their data. */
import {
  bool,
  buffer,
  int,
  millis,
  nullableVector,
  optionalTail,
  record,
  sessionId,
  sid,
  type Value,
  zxid,
} from '../jute.ts'
import { Id } from './data.ts'

/** What passes on the quorum port: no frame length around it. */
export const QuorumPacket = record({ type: int, zxid, data: buffer, authinfo: nullableVector(Id) })
export type QuorumPacket = Value<typeof QuorumPacket>

/** Data of FOLLOWERINFO and OBSERVERINFO; servers before 3.5 leave out configVersion. */
export const LearnerInfo = record({
  serverid: sid,
  protocolVersion: int,
  configVersion: optionalTail(millis),
})
export type LearnerInfo = Value<typeof LearnerInfo>
export const PROTOCOL_VERSION = 0x10000

/** Data of LEADERINFO (the protocol version) and of ACKEPOCH (the learner's currentEpoch, or -1). */
export const IntData = record({ value: int })
export type IntData = Value<typeof IntData>

/** Head of REQUEST's data; the request's bytes follow (Learner.request). */
export const ForwardedRequest = record({ sessionId, cxid: int, type: int })
export type ForwardedRequest = Value<typeof ForwardedRequest>

/** Data of REVALIDATE from a learner, and each entry of a PING reply. */
export const SessionTimeout = record({ sessionId, timeOut: int })
export type SessionTimeout = Value<typeof SessionTimeout>
/** Data of REVALIDATE from the leader. */
export const SessionValidity = record({ sessionId, valid: bool })
export type SessionValidity = Value<typeof SessionValidity>
