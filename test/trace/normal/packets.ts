/**
 * Quorum packets as lines, with every field that does not belong to this one run. Left out are wall clock
 * times, digests, which depend on them, and ports. Words are in the order of the fields; optional parts of a
 * packet are shown only when they are present.
 */

import { decode } from '../../../src/protocol/jute.ts'
import { OpCode, PacketType } from '../../../src/protocol/opcodes.ts'
import { Reader } from '../../../src/protocol/reader.ts'
import * as client from '../../../src/protocol/records/client.ts'
import {
  ForwardedRequest,
  IntData,
  LearnerInfo,
  PROTOCOL_VERSION,
  type QuorumPacket,
  SessionTimeout,
  SessionValidity,
} from '../../../src/protocol/records/quorum.ts'
import { decodeTransaction, readTxnBody } from '../../../src/protocol/transaction.ts'
import { epochOf, formatZxid, makeZxid, NO_ZXID, type Zxid } from '../../../src/protocol/zxid.ts'
import type { Content } from '../recording/frames.ts'
import type { Names } from './names.ts'

export type PacketContent = Extract<Content, { kind: 'packet' }>

const TYPE_NAMES = new Map<number, string>(
  Object.entries(PacketType).map(([name, type]) => [type, name.toUpperCase()]),
)
const OP_NAMES = new Map<number, string>(Object.entries(OpCode).map(([name, type]) => [type, name]))

export const typeName = (type: number): string => TYPE_NAMES.get(type) ?? `type ${type}`
const opName = (type: number): string => OP_NAMES.get(type) ?? `op ${type}`

/** @throws DecodeError when the packet's data is not what its type calls for */
export function packetText(content: PacketContent, names: Names, isLeaders: boolean): string {
  const { packet } = content
  return [typeName(packet.type), ...detailsOf(content, names, isLeaders), ...authinfoOf(packet)].join(' ')
}

/** Only a forwarded request has authinfo. */
function authinfoOf({ authinfo }: QuorumPacket): string[] {
  if (authinfo === null) return []
  return [`as ${authinfo.map(({ scheme, id }) => `${scheme}:${id}`).join(', ') || 'nobody'}`]
}

function detailsOf(content: PacketContent, names: Names, isLeaders: boolean): string[] {
  const { packet } = content
  const { type, zxid, data } = packet
  switch (type) {
    case PacketType.followerInfo:
    case PacketType.observerInfo: {
      const info = decode(LearnerInfo, data ?? Buffer.alloc(0))
      const version = `config ${info.configVersion === undefined ? 'unsaid' : info.configVersion.toString(16)}`
      return [
        `${epochText(zxid)},`,
        `sid ${info.serverid},`,
        `${protocolText(info.protocolVersion)},`,
        version,
      ]
    }
    case PacketType.leaderInfo:
      return [`${epochText(zxid)},`, protocolText(decode(IntData, data ?? Buffer.alloc(0)).value)]
    case PacketType.ackEpoch:
      return [`last ${zxidText(zxid)},`, `epoch ${decode(IntData, data ?? Buffer.alloc(0)).value}`]
    case PacketType.newLeader:
      return [`${zxidText(zxid)},`, data === null ? 'no config' : `config: ${names.config(data.toString())}`]
    case PacketType.snap:
      return [zxidText(zxid), ...dataText(data), ...snapshotText(content, names)]
    case PacketType.proposal:
    case PacketType.inform:
      return transactionText(zxid, data, names)
    case PacketType.commitAndActivate:
    case PacketType.informAndActivate: {
      const reader = new Reader(data ?? Buffer.alloc(0))
      const designated = `designates ${reader.longAsNumber()}`
      const rest = reader.rest()
      return rest.length === 0
        ? [`${zxidText(zxid)},`, designated]
        : [`${designated},`, ...transactionText(zxid, rest, names)]
    }
    case PacketType.request:
      return requestText(packet, names)
    case PacketType.revalidate:
      return revalidateText(packet, names, isLeaders)
    default:
      return [zxidText(zxid), ...dataText(data)]
  }
}

/** Sessions and timeouts in the answer to a PING. */
export function touchedIn(packet: QuorumPacket, names: Names): string[] {
  const reader = new Reader(packet.data ?? Buffer.alloc(0))
  const touched: string[] = []
  while (reader.remaining > 0) {
    const { sessionId, timeOut } = SessionTimeout.read(reader)
    touched.push(`${names.session(sessionId)} (${timeOut} ms)`)
  }
  return touched
}

function zxidText(zxid: Zxid): string {
  return zxid === NO_ZXID ? 'no zxid' : formatZxid(zxid)
}

function epochText(zxid: Zxid): string {
  return zxid === makeZxid(epochOf(zxid), 0) ? `epoch ${epochOf(zxid)}` : `zxid ${formatZxid(zxid)}`
}

function protocolText(version: number): string {
  return version === PROTOCOL_VERSION ? 'protocol 0x10000' : `protocol ${version}`
}

function dataText(data: Buffer | null): string[] {
  return data === null ? [] : [`with ${data.length} bytes`]
}

function snapshotText({ database, signature }: PacketContent, names: Names): string[] {
  if (database === null) return ['without a database']
  const paths = [...database.tree.nodes()].map(([path]) => path || '/').sort()
  const sessions = [...database.sessions]
    .map(([id, timeout]) => `${names.session(id)} (${timeout} ms)`)
    .sort()
  return [
    `of ${paths.join(' ')};`,
    `${sessions.join(', ') || 'no sessions'};`,
    signature === 'BenWasHere' ? 'signed' : `signed ${JSON.stringify(signature)}`,
  ]
}

/** The packet and the transaction both have the zxid; it is shown twice only where they differ. */
function transactionText(zxid: Zxid, data: Buffer | null, names: Names): string[] {
  const { header, body, digest } = decodeTransaction(data ?? Buffer.alloc(0))
  const own = header.zxid === zxid ? [] : [`(in itself ${formatZxid(header.zxid)})`]
  const by = `by ${names.session(header.clientId)}, cxid ${header.cxid},`
  const sum = digest === undefined ? 'no digest' : `digest ${digest.version}`
  return [formatZxid(zxid), ...own, opName(header.type), recordText(body.record, names), by, sum]
}

function recordText(record: object, names: Names): string {
  if ('txns' in record && Array.isArray(record.txns)) {
    const parts = record.txns.map(({ type, data }: { type: number; data: Buffer | null }) => {
      const body = readTxnBody(type, new Reader(data ?? Buffer.alloc(0)))
      return `${opName(type)} ${recordText(body.record, names)}`
    })
    return `[${parts.join('; ')}]`
  }
  const fields = Object.entries(record).map(([key, value]) => `${key} ${valueText(value, names)}`)
  return `{${fields.join(', ')}}`
}

function valueText(value: unknown, names: Names): string {
  if (Buffer.isBuffer(value)) return bytesText(value, names)
  if (Array.isArray(value)) return `[${value.map((item) => valueText(item, names)).join(', ')}]`
  if (typeof value === 'string' && value.startsWith('server.')) return names.config(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if ('perms' in value && 'id' in value) return `${valueText(value.id, names)}:${value.perms}`
  if ('scheme' in value && 'id' in value) return `${value.scheme}:${value.id}`
  return recordText(value, names)
}

function bytesText(bytes: Buffer, names: Names): string {
  const text = bytes.toString()
  return text.startsWith('server.') && text.includes('version=')
    ? `(${names.config(text)})`
    : JSON.stringify(text)
}

type Decoded = { read(reader: Reader): object }

const REQUESTS = new Map<number, Decoded>([
  [OpCode.create, client.CreateRequest],
  [OpCode.create2, client.CreateRequest],
  [OpCode.delete, client.DeleteRequest],
  [OpCode.setData, client.SetDataRequest],
  [OpCode.sync, client.AnyPathRequest],
  [OpCode.reconfig, client.ReconfigRequest],
])

function requestText({ zxid, data }: QuorumPacket, names: Names): string[] {
  const reader = new Reader(data ?? Buffer.alloc(0))
  const { sessionId, cxid, type } = ForwardedRequest.read(reader)
  const head = [...(zxid === NO_ZXID ? [] : [zxidText(zxid)]), opName(type)]
  return [...head, bodyText(type, reader, names), `by ${names.session(sessionId)}, cxid ${cxid}`].filter(
    Boolean,
  )
}

function bodyText(type: number, reader: Reader, names: Names): string {
  if (type === OpCode.createSession) return `{timeOut ${reader.int()}}`
  if (type === OpCode.multi) return `[${partsOf(reader, names).join('; ')}]`
  const codec = REQUESTS.get(type)
  const text = codec === undefined ? '' : recordText(codec.read(reader), names)
  const rest = reader.rest()
  return rest.length === 0 ? text : `${text} and ${rest.length} bytes`
}

function partsOf(reader: Reader, names: Names): string[] {
  const parts: string[] = []
  for (;;) {
    const { type, done } = client.MultiHeader.read(reader)
    if (done) return parts
    const codec = type === OpCode.check ? client.CheckVersionRequest : REQUESTS.get(type)
    if (codec === undefined) return [...parts, `${opName(type)} and what follows`]
    parts.push(`${opName(type)} ${recordText(codec.read(reader), names)}`)
  }
}

function revalidateText({ zxid, data }: QuorumPacket, names: Names, isLeaders: boolean): string[] {
  const head = zxid === NO_ZXID ? [] : [zxidText(zxid)]
  if (isLeaders) {
    const { sessionId, valid } = decode(SessionValidity, data ?? Buffer.alloc(0))
    return [...head, `${names.session(sessionId)}: ${valid ? 'valid' : 'not valid'}`]
  }
  const { sessionId, timeOut } = decode(SessionTimeout, data ?? Buffer.alloc(0))
  return [...head, `${names.session(sessionId)} (${timeOut} ms)`]
}
