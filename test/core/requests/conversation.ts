/**
 * Conversations with a server, as text: what each client sent, and everything that came back, in order. Two
 * servers are alike when their texts are equal. Session ids and times differ from run to run and are named;
 * zxids are not.
 */
import { decode, encode, type Type } from '../../../src/protocol/jute.ts'
import { OpCode, Xid } from '../../../src/protocol/opcodes.ts'
import { Reader } from '../../../src/protocol/reader.ts'
import * as client from '../../../src/protocol/records/client.ts'
import type { Acl } from '../../../src/protocol/records/data.ts'
import { Writer } from '../../../src/protocol/writer.ts'
import { ZERO_ZXID } from '../../../src/protocol/zxid.ts'

/** One connection to a server. */
export interface Line {
  send(frame: Buffer): void
  /** The next frame without its length; null once the server has closed. */
  receive(): Promise<Buffer | null>
}

export interface Server {
  connect(): Promise<Line>
}

export interface Ask {
  readonly type: number
  readonly body: Buffer
  readonly xid?: number
  readonly text: string
}

/** `who` names a connection; what it asks at once is sent before anything is answered. */
export interface Step {
  readonly who: string
  readonly asks: readonly Ask[]
}

const OPEN: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const data = (text: string | null) => (text === null ? null : Buffer.from(text))

function ask<T>(type: number, record: Type<T>, value: T, text: string, xid?: number): Ask {
  return { type, body: encode(record, value), text, ...(xid === undefined ? {} : { xid }) }
}

export const acl = (perms: number, scheme: string, id: string): Acl => ({ perms, id: { scheme, id } })

export const create = (
  path: string,
  text: string | null = '',
  flags = 0,
  acls: Acl[] = OPEN,
  type = 1,
): Ask =>
  ask(
    type,
    client.CreateRequest,
    { path, data: data(text), acl: acls, flags },
    `create${type === 15 ? '2' : ''} ${path} ${text} ${flags}${acls === OPEN ? '' : ` ${JSON.stringify(acls)}`}`,
  )
export const create2 = (path: string, text: string | null = '', flags = 0) =>
  create(path, text, flags, OPEN, 15)
export const createContainer = (path: string, text: string | null = '', flags = 4): Ask => ({
  ...create(path, text, flags, OPEN, OpCode.createContainer),
  text: `createContainer ${path} ${text} ${flags}`,
})
export const createTtl = (path: string, ttl: number, flags = 5, text: string | null = ''): Ask =>
  ask(
    OpCode.createTtl,
    client.CreateTtlRequest,
    { path, data: data(text), acl: OPEN, flags, ttl },
    `createTtl ${path} ${text} ${flags} ${ttl}`,
  )
export const remove = (path: string, version = -1): Ask =>
  ask(OpCode.delete, client.DeleteRequest, { path, version }, `delete ${path} ${version}`)
export const setData = (path: string, text: string | null, version = -1): Ask =>
  ask(
    OpCode.setData,
    client.SetDataRequest,
    { path, data: data(text), version },
    `set ${path} ${text} ${version}`,
  )
export const setAcl = (path: string, acls: Acl[], version = -1): Ask =>
  ask(
    OpCode.setAcl,
    client.SetAclRequest,
    { path, acl: acls, version },
    `setAcl ${path} ${JSON.stringify(acls)} ${version}`,
  )
export const check = (path: string, version = -1): Ask =>
  ask(OpCode.check, client.CheckVersionRequest, { path, version }, `check ${path} ${version}`)
export const exists = (path: string, watch = false): Ask =>
  ask(OpCode.exists, client.WatchableReadRequest, { path, watch }, `exists ${path} ${watch}`)
export const getData = (path: string, watch = false): Ask =>
  ask(OpCode.getData, client.WatchableReadRequest, { path, watch }, `get ${path} ${watch}`)
export const getChildren = (path: string, watch = false): Ask =>
  ask(OpCode.getChildren, client.WatchableReadRequest, { path, watch }, `children ${path} ${watch}`)
export const getChildren2 = (path: string, watch = false): Ask =>
  ask(OpCode.getChildren2, client.WatchableReadRequest, { path, watch }, `children2 ${path} ${watch}`)
export const getAcl = (path: string): Ask =>
  ask(OpCode.getAcl, client.PathRequest, { path }, `getAcl ${path}`)
export const sync = (path: string): Ask => ask(OpCode.sync, client.PathRequest, { path }, `sync ${path}`)
export const ping: Ask = { type: OpCode.ping, xid: Xid.ping, body: Buffer.alloc(0), text: 'ping' }
export const close: Ask = { type: OpCode.closeSession, body: Buffer.alloc(0), text: 'close' }
export const auth = (scheme: string, proof: string): Ask =>
  ask(
    OpCode.auth,
    client.AuthPacket,
    { type: 0, scheme, auth: data(proof) },
    `auth ${scheme} ${proof}`,
    Xid.auth,
  )
export const raw = (type: number, hex: string): Ask => ({
  type,
  body: Buffer.from(hex, 'hex'),
  text: `raw ${type} ${hex}`,
})

export function setWatches(
  relativeZxid: number,
  dataWatches: string[],
  existWatches: string[],
  childWatches: string[],
): Ask {
  const value = {
    relativeZxid: (ZERO_ZXID + relativeZxid) as typeof ZERO_ZXID,
    dataWatches,
    existWatches,
    childWatches,
  }
  return ask(
    OpCode.setWatches,
    client.SetWatches,
    value,
    `setWatches ${JSON.stringify(value)}`,
    Xid.setWatches,
  )
}

export const addWatch = (path: string, mode: number): Ask =>
  ask(OpCode.addWatch, client.AddWatchRequest, { path, mode }, `addWatch ${path} ${mode}`)
export const checkWatches = (path: string, type: number): Ask =>
  ask(OpCode.checkWatches, client.CheckWatchesRequest, { path, type }, `checkWatches ${path} ${type}`)
export const removeWatches = (path: string, type: number): Ask =>
  ask(OpCode.removeWatches, client.RemoveWatchesRequest, { path, type }, `removeWatches ${path} ${type}`)
export const getEphemerals = (path: string): Ask =>
  ask(OpCode.getEphemerals, client.PathRequest, { path }, `getEphemerals ${path}`)
export const getAllChildrenNumber = (path: string): Ask =>
  ask(OpCode.getAllChildrenNumber, client.PathRequest, { path }, `getAllChildrenNumber ${path}`)
export const whoAmI: Ask = { type: OpCode.whoAmI, body: Buffer.alloc(0), text: 'whoAmI' }

/** Standard watches are empty: `setWatches` has those. */
export function setWatches2(relativeZxid: number, persistent: string[], recursive: string[]): Ask {
  const value = {
    relativeZxid: (ZERO_ZXID + relativeZxid) as typeof ZERO_ZXID,
    dataWatches: [],
    existWatches: [],
    childWatches: [],
    persistentWatches: persistent,
    persistentRecursiveWatches: recursive,
  }
  return ask(
    OpCode.setWatches2,
    client.SetWatches2,
    value,
    `setWatches2 ${JSON.stringify(value)}`,
    Xid.setWatches,
  )
}

export const multi = (...parts: Ask[]): Ask => several(OpCode.multi, 'multi', parts)
export const multiRead = (...parts: Ask[]): Ask => several(OpCode.multiRead, 'multiRead', parts)

function several(type: number, name: string, parts: readonly Ask[]): Ask {
  const writer = new Writer()
  for (const { type, body } of parts) {
    client.MultiHeader.write(writer, { type, done: false, err: -1 })
    writer.raw(body)
  }
  client.MultiHeader.write(writer, { type: -1, done: true, err: -1 })
  return { type, body: writer.take(), text: `${name} [${parts.map(({ text }) => text).join('; ')}]` }
}

export const say = (who: string, ...asks: Ask[]): Step => ({ who, asks })

interface Speaker {
  readonly line: Line
  readonly waiting: { xid: number; type: number }[]
  lastXid: number
  isClosed: boolean
}

/**
 * Has the whole conversation and returns it as lines. Every connection hears of events before the next step.
 */
export async function converse(server: Server, steps: readonly Step[]): Promise<string[]> {
  const speakers = new Map<string, Speaker>()
  const sessions = new Map<bigint, string>()
  const lines: string[] = []
  const show = (value: unknown) => text(value, sessions)
  for (const { who, asks } of steps) {
    let speaker = speakers.get(who)
    if (speaker === undefined) {
      const line = await server.connect()
      line.send(connectFrame())
      const reply = await line.receive()
      if (reply === null) throw new Error('refused')
      sessions.set(decode(client.ConnectResponse, reply).sessionId, who)
      speaker = { line, waiting: [], lastXid: 0, isClosed: false }
      speakers.set(who, speaker)
    }
    for (const asked of asks) {
      lines.push(`${who} > ${asked.text}`)
      if (!speaker.isClosed) put(speaker, asked)
    }
    await hear(speaker, who, lines, show)
    for (const [name, other] of speakers) {
      if (other.isClosed || other === speaker) continue
      put(other, ping)
      await hear(other, name, lines, show)
    }
  }
  return lines
}

export function connectFrame(): Buffer {
  const request = {
    protocolVersion: 0,
    lastZxidSeen: ZERO_ZXID,
    timeOut: 40_000,
    passwd: Buffer.alloc(16),
    readOnly: false,
  }
  return framed(encode(client.ConnectRequest, { ...request, sessionId: 0n as never }))
}

export function framed(payload: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(payload.length)
  return Buffer.concat([length, payload])
}

function put(speaker: Speaker, { type, body, xid }: Ask): void {
  const own = xid ?? ++speaker.lastXid
  speaker.waiting.push({ xid: own, type })
  speaker.line.send(framed(Buffer.concat([encode(client.RequestHeader, { xid: own, type }), body])))
}

/** Until everything asked is answered, or the server has closed. */
async function hear(
  speaker: Speaker,
  who: string,
  lines: string[],
  show: (value: unknown) => string,
): Promise<void> {
  const isBarrier = speaker.waiting.length === 1 && speaker.waiting[0]?.xid === Xid.ping
  while (speaker.waiting.length > 0) {
    const frame = await speaker.line.receive()
    if (frame === null) break
    const reader = new Reader(frame)
    const { xid, zxid, err } = client.ReplyHeader.read(reader)
    if (xid === Xid.notification) {
      lines.push(`${who} < event ${show(client.WatcherEvent.read(reader))}`)
      continue
    }
    // Auth packets are answered at once, whatever waits before them.
    const at = speaker.waiting.findIndex((waiting) => waiting.xid === xid)
    const [waiting] = speaker.waiting.splice(Math.max(0, at), 1)
    if (isBarrier) return
    const order = at === 0 ? '' : ` (answers number ${at})`
    const body = err === 0 ? show(readReply(waiting?.type ?? 0, reader)) : ''
    lines.push(`${who} < ${xid} zxid ${zxid} err ${err}${order} ${body}`.trimEnd())
    if (reader.remaining > 0) lines.push(`${who} < and ${reader.rest().toString('hex')}`)
    if (waiting?.type === OpCode.closeSession) break
  }
  if (speaker.waiting.length > 0) lines.push(`${who} closed with ${speaker.waiting.length} unanswered`)
  else if (lines.at(-1)?.includes('err -115') || lines.at(-1)?.includes('zxid -1 err -6')) {
    lines.push((await speaker.line.receive()) === null ? `${who} closed` : `${who} goes on`)
  } else return
  speaker.isClosed = true
}

const REPLIES = new Map<number, Type<unknown>>([
  [OpCode.create, client.CreateResponse],
  [OpCode.create2, client.Create2Response],
  [OpCode.createContainer, client.Create2Response],
  [OpCode.createTtl, client.Create2Response],
  [OpCode.exists, client.ExistsResponse],
  [OpCode.getData, client.GetDataResponse],
  [OpCode.setData, client.SetDataResponse],
  [OpCode.getAcl, client.GetAclResponse],
  [OpCode.setAcl, client.SetAclResponse],
  [OpCode.getChildren, client.GetChildrenResponse],
  [OpCode.getChildren2, client.GetChildren2Response],
  [OpCode.sync, client.SyncResponse],
  [OpCode.addWatch, client.ErrorResponse],
  [OpCode.getEphemerals, client.GetEphemeralsResponse],
  [OpCode.getAllChildrenNumber, client.GetAllChildrenNumberResponse],
  [OpCode.whoAmI, client.WhoAmIResponse],
] as [number, Type<unknown>][])

function readReply(type: number, reader: Reader): unknown {
  if (type === OpCode.multi || type === OpCode.multiRead) return readMultiReply(reader)
  return REPLIES.get(type)?.read(reader) ?? ''
}

function readMultiReply(reader: Reader): unknown[] {
  const results: unknown[] = []
  for (;;) {
    const { type, done, err } = client.MultiHeader.read(reader)
    if (done) return results
    const body = type === OpCode.error ? client.ErrorResponse : REPLIES.get(type)
    results.push([type, err, body?.read(reader) ?? null])
  }
}

const TIMES = new Set(['ctime', 'mtime'])

function text(value: unknown, sessions: ReadonlyMap<bigint, string>): string {
  if (value === '') return ''
  return JSON.stringify(value, (key, field) => {
    if (TIMES.has(key)) return field === 0 ? 0 : 'time'
    if (key === 'children' || key === 'ephemerals') return [...field].sort()
    // Apache keeps them in a set.
    if (key === 'clientInfo') return field.map((info: unknown) => JSON.stringify(info)).sort()
    if (typeof field === 'bigint') return sessions.get(field) ?? String(field)
    if (field?.type === 'Buffer') return `"${Buffer.from(field.data)}"`
    return field
  })
}
