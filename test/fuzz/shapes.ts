/**
 * Shapes that a client may give to what is committed, each as large as `Sizes` says: far deeper, wider,
 * longer and more than anybody means to. Everything goes through the client port, with the defaults and
 * without any rights.
 */
import { RawClient } from '../support/rawClient.ts'
import { bool, buffer, createBody, int, long, opcode, openAcl } from '../support/wire.ts'

export interface Sizes {
  readonly levels: number
  /** Levels of a second path that has a quota on each of them. */
  readonly quotaLevels: number
  readonly children: number
  readonly ephemerals: number
  readonly acls: number
  /** Nodes of a mebibyte. */
  readonly large: number
  /** Bytes of the largest multi. */
  readonly multi: number
}

const MULTI = 14
const ADD_WATCH = 106
const SET_WATCHES = 101
const CREATE_CONTAINER = 19
const EPHEMERAL = 1
const CONTAINER = 4
const CREATE_TTL = 21
const WITH_TTL = 5
const MOST_TTL = 2n ** 40n - 1n
const COUNT_BELOW = 104
/** Just below jute.maxbuffer, with what a frame needs beside it. */
const LARGEST = 0xfffff - 200

export const LEAN: Sizes = {
  levels: 600,
  quotaLevels: 60,
  children: 1500,
  ephemerals: 1500,
  acls: 100,
  large: 2,
  multi: LARGEST / 4,
}

/**
 * What takes minutes; the memory of a deep path grows with the square of its levels, since every node has its
 * path.
 */
export const HEAVY: Sizes = {
  levels: 10_000,
  quotaLevels: 400,
  children: 100_000,
  ephemerals: 100_000,
  acls: 10_000,
  large: 12,
  multi: LARGEST,
}

const partHeader = (type: number, isEnd = false) => Buffer.concat([int(type), bool(isEnd), int(-1)])

function multi(client: RawClient, parts: readonly Buffer[]): Promise<Buffer> {
  return client.call(MULTI, 'multi', ...parts, partHeader(-1, true))
}

const createPart = (path: string, flags = 0) =>
  Buffer.concat([partHeader(opcode.create), createBody(path, Buffer.alloc(0), flags)])

async function inWindows(count: number, window: number, act: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += window) {
    const now = Math.min(window, count - from)
    await Promise.all(Array.from({ length: now }, (_, i) => act(from + i)))
  }
}

/** Children `parent/0` to `parent/<count - 1>`, a thousand in each multi. */
async function manyChildren(client: RawClient, parent: string, count: number, flags = 0): Promise<void> {
  const EACH = 1000
  await inWindows(Math.ceil(count / EACH), 4, async (batch) => {
    const first = batch * EACH
    const names = Array.from({ length: Math.min(EACH, count - first) }, (_, i) => `${parent}/${first + i}`)
    await multi(
      client,
      names.map((name) => createPart(name, flags)),
    )
  })
}

async function chain(client: RawClient, top: string, levels: number): Promise<string> {
  const paths = [top]
  for (let i = 1; i < levels; i++) paths.push(`${paths[i - 1]}/b`)
  await inWindows(levels, 50, (i) => client.create(paths[i] as string))
  return paths[levels - 1] as string
}

async function limit(client: RawClient, path: string): Promise<void> {
  await Promise.all([
    client.create(`/zookeeper/quota${path}/zookeeper_limits`, 'count=1000000,bytes=-1'),
    client.create(`/zookeeper/quota${path}/zookeeper_stats`, 'count=0,bytes=0'),
  ])
}

async function deepWithQuota(client: RawClient, { levels }: Sizes): Promise<void> {
  const bottom = await chain(client, '/deep', levels)
  await client.create('/zookeeper/quota/deep')
  await limit(client, '/deep')
  await client.call(ADD_WATCH, 'watch', buffer('/deep'), int(1))
  await client.call(ADD_WATCH, 'watch', buffer(bottom), int(1))
  await client.call(SET_WATCHES, 'watches', long(0n), int(1), buffer(bottom), int(0), int(0))
  for (let i = 0; i < 20; i++) await client.setData(bottom, `${i}`)
}

async function quotaOnEveryLevel(client: RawClient, { quotaLevels }: Sizes): Promise<void> {
  await chain(client, '/q', quotaLevels)
  await chain(client, '/zookeeper/quota/q', quotaLevels)
  await inWindows(quotaLevels, 50, (i) => limit(client, `/q${'/b'.repeat(i)}`))
  await client.create(`/q${'/b'.repeat(quotaLevels - 1)}/leaf`, 'leaf')
}

async function wide(client: RawClient, { children }: Sizes): Promise<void> {
  // Its data counts for the digest of every change of its children.
  await client.create('/wide', Buffer.alloc(LARGEST - 100, 'w'))
  await manyChildren(client, '/wide', children)
  await client.create('/zookeeper/quota/wide')
  await limit(client, '/wide')
  const statistics = '/zookeeper/quota/wide/zookeeper_stats'
  await inWindows(200, 50, async () => {
    // Measured each time, as is what a client asks for.
    await Promise.all([
      client.call(opcode.delete, 'delete', buffer(statistics), int(-1)),
      client.create(statistics),
      client.call(COUNT_BELOW, 'count', buffer('/wide')),
    ])
  })
  await inWindows(200, 50, (i) => client.call(opcode.delete, 'delete', buffer(`/wide/${i}`), int(-1)))
}

async function largeNames(client: RawClient, { large }: Sizes): Promise<void> {
  await client.create('/large')
  await inWindows(large, 2, (i) => client.create(`/large/${i}-${'n'.repeat(LARGEST - 100)}`))
  await inWindows(large, 2, (i) => client.create(`/large/data-${i}`, Buffer.alloc(LARGEST - 100, i)))
  // A path of half a million levels has no parent; a watch may wait for it all the same.
  const far = '/z'.repeat(LARGEST / 2 - 100)
  await client.create(far).catch(() => {})
  await client.call(ADD_WATCH, 'watch', buffer(far), int(1))
}

async function quotaTexts(client: RawClient): Promise<void> {
  await client.create('/texts')
  await client.create('/zookeeper/quota/texts')
  await limit(client, '/texts')
  // As a row of separators that does not end the text.
  const separators = Buffer.concat([Buffer.alloc(LARGEST - 200, ','), Buffer.from('x')])
  await client.setData('/zookeeper/quota/texts/zookeeper_stats', separators)
  await client.create('/texts/one')
  const keys = Array.from({ length: 70_000 }, (_, i) => `k${i}=1`).join(',')
  for (let i = 0; i < 3; i++) {
    await client.setData('/zookeeper/quota/texts/zookeeper_stats', keys)
    await client.create(`/texts/many-${i}`)
  }
}

async function manyAcls(client: RawClient, { acls }: Sizes): Promise<void> {
  await client.create('/acls')
  await inWindows(acls, 100, (i) => {
    const acl = Buffer.concat([
      int(2),
      int(31),
      buffer('world'),
      buffer('anyone'),
      int(1),
      buffer('digest'),
      buffer(`u${i}:h`),
    ])
    return client.call(opcode.create, 'create', buffer(`/acls/${i}`), buffer(''), acl, int(0))
  })
  const many = Array.from({ length: 30_000 }, (_, i) =>
    Buffer.concat([int(31), buffer('digest'), buffer(`${i}:h`)]),
  )
  await client.call(
    opcode.create,
    'create',
    buffer('/acls/many'),
    buffer(''),
    int(many.length),
    ...many,
    int(0),
  )
}

async function largestMulti(client: RawClient, { multi: bytes }: Sizes): Promise<void> {
  const part = createPart('/multi/00000')
  const count = Math.floor((bytes - 100) / part.length)
  await client.create('/multi')
  const names = Array.from({ length: count }, (_, i) => `/multi/${String(i).padStart(5, '0')}`)
  await multi(
    client,
    names.map((name) => createPart(name)),
  )
  const deletions = names.map((path) => Buffer.concat([partHeader(opcode.delete), buffer(path), int(-1)]))
  // The last part fails, and with it all of them.
  await multi(client, [...deletions, Buffer.concat([partHeader(opcode.delete), buffer('/no'), int(-1)])])
  await multi(client, deletions)
}

async function containers(client: RawClient): Promise<void> {
  await inWindows(100, 50, (i) => {
    const path = buffer('/c'.repeat(i + 1))
    return client.call(CREATE_CONTAINER, 'container', path, buffer(''), openAcl, int(CONTAINER))
  })
}

async function ttlNodes(client: RawClient): Promise<void> {
  await inWindows(100, 50, (i) => {
    const path = buffer('/t'.repeat(i + 1))
    return client.call(CREATE_TTL, 'TTL', path, buffer(''), openAcl, int(WITH_TTL), long(MOST_TTL))
  })
}

/** A tree comes and goes, from its leaves up. */
async function deletion(client: RawClient, { children }: Sizes): Promise<void> {
  const count = Math.ceil(children / 10)
  await client.create('/gone')
  await manyChildren(client, '/gone', count)
  await inWindows(count, 500, (i) => client.call(opcode.delete, 'delete', buffer(`/gone/${i}`), int(-1)))
  await client.call(opcode.delete, 'delete', buffer('/gone'), int(-1))
}

async function manyEphemerals(client: RawClient, port: number, { ephemerals }: Sizes): Promise<void> {
  await client.create('/ephemerals', Buffer.alloc(100_000, 'e'))
  const session = await RawClient.open(port)
  await manyChildren(session, '/ephemerals', ephemerals, EPHEMERAL)
  await session.close()
}

/** Every shape, one after the other. */
export async function commitShapes(
  port: number,
  sizes: Sizes,
  tell: (shape: string, tookMs: number) => void,
) {
  const client = await RawClient.open(port)
  const shapes: [string, () => Promise<void>][] = [
    ['deep with a quota', () => deepWithQuota(client, sizes)],
    ['a quota on every level', () => quotaOnEveryLevel(client, sizes)],
    ['wide', () => wide(client, sizes)],
    ['large names and data', () => largeNames(client, sizes)],
    ['texts of quotas', () => quotaTexts(client)],
    ['ACLs', () => manyAcls(client, sizes)],
    ['the largest multi', () => largestMulti(client, sizes)],
    ['containers', () => containers(client)],
    ['TTL nodes', () => ttlNodes(client)],
    ['deletion', () => deletion(client, sizes)],
    ['ephemerals', () => manyEphemerals(client, port, sizes)],
  ]
  for (const [name, commit] of shapes) {
    const begun = performance.now()
    await commit()
    tell(name, Math.round(performance.now() - begun))
  }
  client.destroy()
}
