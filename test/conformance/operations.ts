/**
 * Every request that a client can make, as bytes, and how its reply is read. The numbers are those of
 * ZooDefs.OpCode. Arguments are written as given: wrong ones are the subject of many cases.
 */
import { type JuteReader, JuteWriter, readAcl, readStat, type WireAcl, writeAcl } from './jute.ts'

export interface Operation {
  readonly type: number
  readonly body: Buffer
  /** A special xid that does not count, for auth and setWatches. */
  readonly xid?: number
  /** Reads the reply's body. */
  read(reader: JuteReader): unknown
}

export const OPEN: readonly WireAcl[] = [[31, 'world', 'anyone']]
export const Flag = {
  ephemeral: 1,
  sequential: 2,
  ephemeralSequential: 3,
  container: 4,
  ttl: 5,
  sequentialTtl: 6,
}

const none = (): null => null
const data = (reader: JuteReader) => reader.buffer()?.toString('utf8') ?? null
const names = (reader: JuteReader) => reader.vector((r) => r.string()).sort()

function operation(type: number, body: JuteWriter, read: (reader: JuteReader) => unknown): Operation {
  return { type, body: body.bytes(), read }
}

type Bytes = Buffer | string | null
interface CreateArguments {
  data?: Bytes
  flags?: number
  acl?: readonly WireAcl[] | null
}

function createBody(path: string | null, { data = '', flags = 0, acl = OPEN }: CreateArguments): JuteWriter {
  return new JuteWriter().buffer(path).buffer(data).vector(acl, writeAcl).int(flags)
}

const created = (reader: JuteReader) => ({ path: reader.string(), stat: readStat(reader) })

export const create = (path: string | null, rest: CreateArguments = {}): Operation =>
  operation(1, createBody(path, rest), (reader) => ({ path: reader.string() }))
export const create2 = (path: string | null, rest: CreateArguments = {}): Operation =>
  operation(15, createBody(path, rest), created)
export const createContainer = (path: string | null, rest: CreateArguments = {}): Operation =>
  operation(19, createBody(path, { flags: Flag.container, ...rest }), created)
export const createTtl = (path: string | null, ttlMs: bigint, rest: CreateArguments = {}): Operation =>
  operation(21, createBody(path, { flags: Flag.ttl, ...rest }).long(ttlMs), created)
export const remove = (path: string | null, version = -1): Operation =>
  operation(2, new JuteWriter().buffer(path).int(version), none)
export const exists = (path: string | null, watch = false): Operation =>
  operation(3, new JuteWriter().buffer(path).bool(watch), (reader) => ({ stat: readStat(reader) }))
export const getData = (path: string | null, watch = false): Operation =>
  operation(4, new JuteWriter().buffer(path).bool(watch), (reader) => ({
    data: data(reader),
    stat: readStat(reader),
  }))
export const setData = (path: string | null, bytes: Bytes = 'new', version = -1): Operation =>
  operation(5, new JuteWriter().buffer(path).buffer(bytes).int(version), (reader) => ({
    stat: readStat(reader),
  }))
export const getAcl = (path: string | null): Operation =>
  operation(6, new JuteWriter().buffer(path), (reader) => ({
    acl: reader.vector(readAcl),
    stat: readStat(reader),
  }))
export const setAcl = (
  path: string | null,
  acl: readonly WireAcl[] | null = OPEN,
  aversion = -1,
): Operation =>
  operation(7, new JuteWriter().buffer(path).vector(acl, writeAcl).int(aversion), (reader) => ({
    stat: readStat(reader),
  }))
export const getChildren = (path: string | null, watch = false): Operation =>
  operation(8, new JuteWriter().buffer(path).bool(watch), (reader) => ({ children: names(reader) }))
export const getChildren2 = (path: string | null, watch = false): Operation =>
  operation(12, new JuteWriter().buffer(path).bool(watch), (reader) => ({
    children: names(reader),
    stat: readStat(reader),
  }))
export const sync = (path: string | null): Operation =>
  operation(9, new JuteWriter().buffer(path), (reader) => ({ path: reader.string() }))
/**
 * Only to be sent within a multi. Alone it must never be sent to Apache: it is proposed, and no follower can
 * read it, so the quorum is lost for good.
 */
export const check = (path: string | null, version = -1): Operation =>
  operation(13, new JuteWriter().buffer(path).int(version), none)
export const reconfig = (
  joining: string | null,
  leaving: string | null,
  members: string | null,
  fromVersion = -1n,
): Operation =>
  operation(
    16,
    new JuteWriter().buffer(joining).buffer(leaving).buffer(members).long(fromVersion),
    (reader) => ({ data: data(reader), stat: readStat(reader) }),
  )
export const checkWatches = (path: string | null, type: number): Operation =>
  operation(17, new JuteWriter().buffer(path).int(type), none)
export const removeWatches = (path: string | null, type: number): Operation =>
  operation(18, new JuteWriter().buffer(path).int(type), none)
export const getEphemerals = (prefix: string | null): Operation =>
  operation(103, new JuteWriter().buffer(prefix), (reader) => ({ paths: names(reader) }))
export const getAllChildrenNumber = (path: string | null): Operation =>
  operation(104, new JuteWriter().buffer(path), (reader) => ({ count: reader.int() }))
export const addWatch = (path: string | null, mode: number): Operation =>
  operation(106, new JuteWriter().buffer(path).int(mode), (reader) => ({ err: reader.int() }))
export const whoAmI = (): Operation =>
  operation(107, new JuteWriter(), (reader) => ({
    // Apache keeps them in a set, whose order means nothing.
    ids: reader.vector((r) => `${r.string()}:${r.string()}`).sort(),
  }))
export const closeSession = (): Operation => operation(-11, new JuteWriter(), none)
export const ping = (): Operation => ({ ...operation(11, new JuteWriter(), none), xid: -2 })
export const auth = (scheme: string | null, proof: Bytes): Operation => ({
  ...operation(100, new JuteWriter().int(0).buffer(scheme).buffer(proof), none),
  xid: -4,
})
export const sasl = (token: Bytes): Operation =>
  operation(102, new JuteWriter().buffer(token), (reader) => ({ token: data(reader) }))
/** A request of any type with any bytes. */
export const raw = (type: number, body: Buffer = Buffer.alloc(0)): Operation => ({ type, body, read: none })

interface Watched {
  data?: string[]
  exist?: string[]
  child?: string[]
  persistent?: string[]
  recursive?: string[]
}

const writeName = (writer: JuteWriter, name: string) => writer.buffer(name)

function watchesBody(relativeZxid: bigint, { data = [], exist = [], child = [] }: Watched): JuteWriter {
  return new JuteWriter()
    .long(relativeZxid)
    .vector(data, writeName)
    .vector(exist, writeName)
    .vector(child, writeName)
}

export const setWatches = (relativeZxid: bigint, watched: Watched): Operation => ({
  ...operation(101, watchesBody(relativeZxid, watched), none),
  xid: -8,
})
export const setWatches2 = (relativeZxid: bigint, watched: Watched): Operation => {
  const { persistent = [], recursive = [] } = watched
  const body = watchesBody(relativeZxid, watched).vector(persistent, writeName).vector(recursive, writeName)
  return { ...operation(105, body, none), xid: -8 }
}

export interface PartResult {
  readonly type: number
  readonly err: number
  readonly value: unknown
}

function multiBody(parts: readonly Operation[]): JuteWriter {
  const writer = new JuteWriter()
  for (const part of parts) writer.int(part.type).bool(false).int(-1).raw(part.body)
  return writer.int(-1).bool(true).int(-1)
}

/**
 * The body of a result has the format of its own type, not of its request's: Apache answers a create2 within
 * a multi as create.
 */
const PART_BODIES = new Map<number, (reader: JuteReader) => unknown>([
  [1, (reader) => ({ path: reader.string() })],
  [15, created],
  [2, none],
  [13, none],
  [4, (reader) => ({ data: data(reader), stat: readStat(reader) })],
  [5, (reader) => ({ stat: readStat(reader) })],
  [8, (reader) => ({ children: names(reader) })],
])

function readParts(reader: JuteReader): { results: PartResult[] } {
  const results: PartResult[] = []
  for (;;) {
    const type = reader.int()
    const done = reader.bool()
    const err = reader.int()
    if (done) return { results }
    if (type === -1) results.push({ type, err: reader.int(), value: null })
    else results.push({ type, err, value: PART_BODIES.get(type)?.(reader) ?? null })
  }
}

export const multi = (...parts: Operation[]): Operation => operation(14, multiBody(parts), readParts)
export const multiRead = (...parts: Operation[]): Operation => operation(22, multiBody(parts), readParts)

const ERRORS: Record<number, string> = {
  0: 'ok',
  [-1]: 'SystemError',
  [-2]: 'RuntimeInconsistency',
  [-5]: 'MarshallingError',
  [-6]: 'Unimplemented',
  [-8]: 'BadArguments',
  [-12]: 'UnknownSession',
  [-13]: 'NewConfigNoQuorum',
  [-14]: 'ReconfigInProgress',
  [-101]: 'NoNode',
  [-102]: 'NoAuth',
  [-103]: 'BadVersion',
  [-108]: 'NoChildrenForEphemerals',
  [-110]: 'NodeExists',
  [-111]: 'NotEmpty',
  [-112]: 'SessionExpired',
  [-114]: 'InvalidAcl',
  [-115]: 'AuthFailed',
  [-118]: 'SessionMoved',
  [-119]: 'NotReadOnly',
  [-120]: 'EphemeralOnLocalSession',
  [-121]: 'NoWatcher',
  [-123]: 'ReconfigDisabled',
  [-124]: 'SessionClosedRequireSaslAuth',
  [-125]: 'QuotaExceeded',
  [-127]: 'ThrottledOp',
}

export function errorText(err: number): string {
  return ERRORS[err] ?? `error ${err}`
}
