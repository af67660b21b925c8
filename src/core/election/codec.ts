/**
 * Bytes of the election port: the greeting of a caller (QuorumCnxManager.InitialMessage), and notifications
 * (FastLeaderElection.buildMsg), each after its length.
 */

import type { Sid } from '../../protocol/ids.ts'
import { int, millis, record, sid, type Value, zxid } from '../../protocol/jute.ts'
import { ServerState } from '../../protocol/opcodes.ts'
import { DecodeError, Reader } from '../../protocol/reader.ts'
import { Writer } from '../../protocol/writer.ts'
import { epochOf } from '../../protocol/zxid.ts'
import type { Notification } from './notification.ts'

/** Length of the part that every notification has; 3.3 sends only that. */
const Head = record({ state: int, leader: sid, zxid, electionEpoch: millis })
type Head = Value<typeof Head>

const CURRENT_VERSION = 2
/** A notification of 3.3, and one of 3.4.6 to 3.4.14: Apache takes both for version 0. */
const LENGTH_WITHOUT_EPOCH = 28
const LENGTH_WITHOUT_CONFIG = 40

/** QuorumCnxManager.PACKETMAXSIZE. */
export const MAX_NOTIFICATION_LENGTH = 512 * 1024

/** With its length in front. */
export function encodeNotification(notification: Notification): Buffer {
  const writer = new Writer(128 + notification.config.length * 3)
  const length = writer.reserveInt()
  Head.write(writer, notification)
  writer.longFromNumber(notification.peerEpoch)
  writer.int(CURRENT_VERSION)
  writer.string(notification.config)
  writer.patchInt(length, writer.length - 4)
  return writer.take()
}

/**
 * Reads what follows the length.
 * @throws DecodeError for what Apache 3.8 drops too, and for numbers beyond what this version can hold.
 */
export function decodeNotification(bytes: Buffer): Notification {
  if (bytes.length < LENGTH_WITHOUT_EPOCH) throw new DecodeError(`a notification of ${bytes.length} bytes`)
  const reader = new Reader(bytes)
  const head = checkedHead(Head.read(reader))
  if (bytes.length === LENGTH_WITHOUT_EPOCH) {
    return { ...head, peerEpoch: epochOf(head.zxid), version: 0, config: '' }
  }
  const peerEpoch = checked('peerEpoch', reader.longAsNumber())
  if (bytes.length === LENGTH_WITHOUT_CONFIG) return { ...head, peerEpoch, version: 0, config: '' }
  const version = reader.int()
  const config = version >= CURRENT_VERSION ? reader.string() : ''
  if (config === null) throw new DecodeError('a notification without its config')
  return { ...head, peerEpoch, version, config }
}

function checkedHead(head: Head): Omit<Notification, 'peerEpoch' | 'version' | 'config'> {
  const state = Object.values(ServerState).find((known) => known === head.state)
  if (state === undefined) throw new DecodeError(`a notification of state ${head.state}`)
  checked('leader', head.leader)
  checked('zxid', head.zxid)
  checked('round', head.electionEpoch)
  return { ...head, state }
}

/** Observers vote with Long.MIN_VALUE, which a number holds exactly. */
function checked(what: string, value: number): number {
  if (Number.isSafeInteger(value) || value === -(2 ** 63)) return value
  throw new DecodeError(`a notification whose ${what}, ${value}, is beyond 2^53`)
}

const PROTOCOL_V1 = -65536
const PROTOCOL_V2 = -65535
/** QuorumCnxManager.maxBuffer. */
const MAX_ADDRESS_LENGTH = 2048

export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * The caller, and where it wants to be dialled: empty in the format of 3.4, and where it names only
 * wildcards.
 */
export interface Greeting {
  readonly sid: Sid
  readonly addresses: readonly Address[]
}

/** Encodes a greeting in the format that 3.5 introduced and every later server reads. */
export function encodeGreeting(own: Sid, { host, port }: Address): Buffer {
  const writer = new Writer(256)
  writer.longFromNumber(PROTOCOL_V1)
  writer.longFromNumber(own)
  writer.string(`${host.includes(':') ? `[${host}]` : host}:${port}`)
  return writer.take()
}

/**
 * Reads the greeting that a connection begins with: `length` is what it took.
 * @returns null while more bytes are needed
 * @throws DecodeError as soon as the bytes cannot become a greeting
 */
export function decodeGreeting(bytes: Buffer): { greeting: Greeting; length: number } | null {
  if (bytes.length < 8) return null
  const reader = new Reader(bytes)
  const first = reader.longAsNumber()
  // Before 3.5 the sid came alone. Long.MAX_VALUE there is an observer that has none, which we do not admit.
  if (first >= 0 && Number.isSafeInteger(first)) {
    return { greeting: { sid: first as Sid, addresses: [] }, length: 8 }
  }
  if (first !== PROTOCOL_V1 && first !== PROTOCOL_V2) {
    throw new DecodeError(`not an election greeting: it begins with ${bytes.toString('hex', 0, 8)}`)
  }
  if (bytes.length < 20) return null
  const sid = checkedSid(reader.longAsNumber())
  const length = bytes.readInt32BE(16)
  if (length <= 0 || length > MAX_ADDRESS_LENGTH) throw new DecodeError(`an address of ${length} bytes`)
  if (bytes.length < 20 + length) return null
  const addresses = bytes
    .toString('utf8', 20, 20 + length)
    .split('|')
    .map(parseAddress)
  const dialable = addresses.filter(({ host }) => host !== '0.0.0.0' && !/^[0:]+$/.test(host))
  return { greeting: { sid, addresses: dialable }, length: 20 + length }
}

function checkedSid(value: number): Sid {
  if (value >= 0 && Number.isSafeInteger(value)) return value as Sid
  throw new DecodeError(`${value} is no server id`)
}

/** `host:port` or `[v6]:port`. */
function parseAddress(text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host !== undefined && port > 0 && port < 65536) return { host, port }
  throw new DecodeError(`${JSON.stringify(text.slice(0, 100))} is no address`)
}
