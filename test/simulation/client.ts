/**
 * A simulated client: it opens a session with any member, writes and reads with some requests in flight,
 * comes back with its session after a broken connection, and reports all that it sees to the checks.
 */

import { CONFIG_PATH } from '../../src/core/membership/membership.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import { decode, encode, type Type } from '../../src/protocol/jute.ts'
import { OpCode, Xid } from '../../src/protocol/opcodes.ts'
import { Reader } from '../../src/protocol/reader.ts'
import {
  ConnectRequest,
  ConnectResponse,
  CreateRequest,
  DeleteRequest,
  GetDataResponse,
  ReconfigRequest,
  ReplyHeader,
  RequestHeader,
  SetDataRequest,
  WatchableReadRequest,
} from '../../src/protocol/records/client.ts'
import { ZERO_ZXID, type Zxid } from '../../src/protocol/zxid.ts'
import type { Checks } from './checks.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

/** A connection as the world provides it. */
export interface ClientLine {
  readonly number: number
  send(frame: Buffer): void
  close(): void
}

export interface ClientWorld {
  readonly schedule: Schedule
  readonly random: Random
  readonly checks: Checks
  /** Whether its clients can do with reads while there is no leader. */
  readonly acceptsReadOnly: boolean
  /** Null when no member could be reached. */
  readonly connect: (client: SimulatedClient) => ClientLine | null
  /** How many of their requests change the ensemble. */
  readonly reconfigShare: number
  readonly reconfig: () => ReconfigRequest
}

interface Outstanding {
  readonly xid: number
  readonly type: number
  readonly path: string
  readonly invokedAfter: Zxid
}

const OPEN_ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const KEYS = ['/a', '/b', '/c', '/d']
const NOBODY = 0n as SessionId

export class SimulatedClient {
  readonly number: number
  acknowledgedWrites = 0
  readOnlyReads = 0
  private isReadOnly = false
  private readonly world: ClientWorld
  private line: ClientLine | null = null
  private isConnected = false
  private session: SessionId = NOBODY
  private password: Buffer = Buffer.alloc(16)
  private lastZxid: Zxid = ZERO_ZXID
  private nextXid = 1
  private outstanding: Outstanding[] = []
  private isAtWork = true
  private heardAtMs = 0

  constructor(number: number, world: ClientWorld) {
    this.number = number
    this.world = world
    this.live()
  }

  rest(): void {
    this.isAtWork = false
  }

  private live(): void {
    const { random, schedule } = this.world
    if (this.line === null) this.connect()
    else if (schedule.nowMs - this.heardAtMs > 4000) this.hangUp()
    else if (this.isConnected) this.act()
    schedule.after(1 + random.next() * 60, () => this.live())
  }

  private connect(): void {
    // Who would rather read than wait gives up its session, which a read-only member refuses, not what it
    // knows.
    if (this.world.acceptsReadOnly && this.world.random.chance(0.1)) this.giveUpSession()
    this.line = this.world.connect(this)
    this.heardAtMs = this.world.schedule.nowMs
    const request = {
      protocolVersion: 0,
      lastZxidSeen: this.lastZxid,
      timeOut: 4000,
      sessionId: this.session,
      passwd: this.password,
      readOnly: this.world.acceptsReadOnly,
    }
    this.line?.send(encode(ConnectRequest, request))
  }

  private giveUpSession(): void {
    this.session = NOBODY
    this.password = Buffer.alloc(16)
    this.isReadOnly = false
  }

  private hangUp(): void {
    this.line?.close()
    this.dropLine()
  }

  /** The line broke, or the member closed it. */
  closed(line: number): void {
    if (this.line?.number === line) this.dropLine()
  }

  private dropLine(): void {
    this.line = null
    this.isConnected = false
    this.outstanding = []
  }

  private act(): void {
    const { random } = this.world
    if (!this.isAtWork || this.outstanding.length >= 4 || random.chance(0.2)) {
      if (this.outstanding.length === 0) this.send(Xid.ping, OpCode.ping, '', null)
      return
    }
    const { reconfigShare } = this.world
    if (reconfigShare > 0 && random.chance(reconfigShare)) {
      this.write(OpCode.reconfig, CONFIG_PATH, ReconfigRequest, this.world.reconfig())
      return
    }
    const path = random.pick(KEYS)
    const kind = random.next()
    if (kind < 0.35) this.read(path)
    else if (kind < 0.75)
      this.write(OpCode.setData, path, SetDataRequest, { path, data: this.value(), version: -1 })
    else if (kind < 0.85) this.write(OpCode.delete, path, DeleteRequest, { path, version: -1 })
    else {
      const flags = random.chance(0.2) ? 1 : 0
      this.write(OpCode.create, path, CreateRequest, { path, data: this.value(), acl: OPEN_ACL, flags })
    }
  }

  private value(): Buffer {
    return Buffer.from(`${this.number}:${this.nextXid}`)
  }

  private read(path: string): void {
    this.nextXid += 1
    this.send(this.nextXid, OpCode.getData, path, encode(WatchableReadRequest, { path, watch: false }))
  }

  private write<T>(type: number, path: string, record: Type<T>, value: T): void {
    this.nextXid += 1
    this.send(this.nextXid, type, path, encode(record, value))
  }

  private send(xid: number, type: number, path: string, body: Buffer | null): void {
    const invokedAfter = this.world.checks.writesSoFar
    this.outstanding.push({ xid, type, path, invokedAfter })
    const header = encode(RequestHeader, { xid, type })
    this.line?.send(body === null ? header : Buffer.concat([header, body]))
  }

  /** Bytes of one reply, length in front. */
  reply(line: number, bytes: Buffer): void {
    if (this.line?.number !== line) return
    this.heardAtMs = this.world.schedule.nowMs
    const frame = bytes.subarray(4)
    if (this.isConnected) this.answered(frame)
    else this.accepted(frame)
  }

  private accepted(frame: Buffer): void {
    if (frame.length === 16) {
      // A read-only member that makes no sessions says so with the header of an error.
      this.hangUp()
      return
    }
    const response = decode(ConnectResponse, frame)
    if (response.timeOut === 0) {
      // Expired: a new session starts from nothing. One of a read-only member was none to others: what it saw
      // counts.
      if (!this.isReadOnly) this.lastZxid = ZERO_ZXID
      this.giveUpSession()
      this.hangUp()
      return
    }
    this.isReadOnly = response.readOnly === true
    this.session = response.sessionId
    this.password = Buffer.from(response.passwd ?? Buffer.alloc(16))
    this.isConnected = true
  }

  private answered(frame: Buffer): void {
    const reader = new Reader(frame)
    const { xid, zxid, err } = ReplyHeader.read(reader)
    const expected = this.outstanding.shift()
    if (expected === undefined || expected.xid !== xid) {
      throw new Error(`client ${this.number} got xid ${xid} instead of ${expected?.xid}`)
    }
    const { checks } = this.world
    checks.sessionSaw(this.session, this.lastZxid, zxid)
    this.lastZxid = zxid
    if (err === ErrorCode.NotReadOnly) {
      if (!this.isReadOnly)
        throw new Error(`client ${this.number} is told that a member is read-only that is not`)
      return
    }
    if (expected.type === OpCode.getData) {
      const found = err === ErrorCode.Ok ? GetDataResponse.read(reader).stat.mzxid : null
      checks.readAnswered({ zxid, path: expected.path, mzxid: found })
      if (this.isReadOnly) this.readOnlyReads += 1
    } else if (expected.type !== OpCode.ping) {
      if (expected.type === OpCode.reconfig && err === ErrorCode.Ok)
        checks.reconfigs.reply(GetDataResponse.read(reader))
      this.acknowledgedWrites += 1
      checks.writeAcknowledged(zxid, expected.invokedAfter)
    }
  }
}
