/** The client itself throws a TypeError for wrong arguments, and sends nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fourLetterWord, parseConnectString, ZooKeeper } from '../../src/client/index.ts'
import { Ensemble } from '../../src/ensemble/index.ts'

/** Values that JavaScript lets a caller pass. */
// biome-ignore lint/suspicious/noExplicitAny: the point of these tests is to pass what the types forbid
const wrong = (value: unknown): any => value

let ensemble: Ensemble
let zk: ZooKeeper
beforeAll(async () => {
  ensemble = await Ensemble.start({ members: 1 })
  zk = await ZooKeeper.connect(ensemble.connectString)
})
afterAll(async () => {
  await zk?.close()
  await ensemble?.stopAll()
})

const anyone = { scheme: 'world', id: 'anyone' }
const watcher = () => {}

/** Every operation that takes a path. */
const operations: Record<string, (path: string) => Promise<unknown>> = {
  create: (path) => zk.create(path),
  create2: (path) => zk.create2(path),
  createContainer: (path) => zk.createContainer(path),
  createTtl: (path) => zk.createTtl(path, 1000),
  delete: (path) => zk.delete(path),
  exists: (path) => zk.exists(path),
  getData: (path) => zk.getData(path),
  setData: (path) => zk.setData(path, null),
  getChildren: (path) => zk.getChildren(path),
  getChildren2: (path) => zk.getChildren2(path),
  getAcl: (path) => zk.getAcl(path),
  setAcl: (path) => zk.setAcl(path, [{ perms: 31, id: anyone }]),
  sync: (path) => zk.sync(path),
  getAllChildrenNumber: (path) => zk.getAllChildrenNumber(path),
  getEphemerals: (path) => zk.getEphemerals(path),
  addWatch: (path) => zk.addWatch(path, 'persistent', watcher),
  watch: (path) => zk.watch(path).ready,
  removeWatches: (path) => zk.removeWatches(path),
  checkWatches: (path) => zk.checkWatches(path),
  'transaction.create': async (path) => zk.transaction().create(path),
  'transaction.delete': async (path) => zk.transaction().delete(path),
  'transaction.setData': async (path) => zk.transaction().setData(path, null),
  'transaction.check': async (path) => zk.transaction().check(path, 0),
  'multiRead.getData': async (path) => zk.multiRead().getData(path),
  'multiRead.getChildren': async (path) => zk.multiRead().getChildren(path),
}

describe.each(Object.entries(operations))('%s', (_, operation) => {
  it.each([
    ['a', /the path 'a' does not start with \//],
    ['', /the path '' is empty/],
    ['/a/', /the path '\/a\/' ends with \//],
    ['/a//b', /has an empty name at 3/],
    ['/a/../b', /has a relative name at 3/],
    ['/a\0', /has an invalid character at 2/],
    [undefined, /path must be a string, not undefined/],
    [null, /path must be a string, not null/],
    [7, /path must be a string, not 7/],
    [['/a'], /path must be a string, not \[ '\/a' \]/],
  ])('refuses the path %j', async (path, message) => {
    // `sync` and `getEphemerals` have a default.
    if (path === undefined && (_ === 'sync' || _ === 'getEphemerals')) return
    const error: unknown = await operation(wrong(path)).catch((why: unknown) => why)
    expect(error).toBeInstanceOf(TypeError)
    expect((error as TypeError).message).toMatch(message)
  })
})

it('lets the name of a sequential znode be only its number, as Apache does', async () => {
  await zk.create('/queue')
  expect(await zk.create('/queue/', null, { mode: 'sequential' })).toBe('/queue/0000000000')
})

const refused: [string, () => Promise<unknown>, RegExp][] = [
  ['data: a number', () => zk.create('/x', wrong(7)), /data must be a string, a Uint8Array or null, not 7/],
  ['data: an object', () => zk.setData('/', wrong({ a: 1 })), /data must be .*, not { a: 1 }/],
  ['data: undefined', () => zk.setData('/', wrong(undefined)), /data must be .*, not undefined/],
  ['data: an ArrayBuffer', () => zk.create('/x', wrong(new ArrayBuffer(1))), /data must be/],
  ['data in a transaction', async () => zk.transaction().setData('/', wrong(7)), /data must be/],
  ['version: text', () => zk.setData('/', null, wrong('3')), /version must be a 32-bit integer, not '3'/],
  ['version: a fraction', () => zk.delete('/x', 1.5), /version must be/],
  ['version: null', () => zk.delete('/x', wrong(null)), /version must be/],
  ['version: 2^31', () => zk.setAcl('/', [], 2 ** 31), /version must be/],
  ['version: NaN', async () => zk.transaction().check('/', Number.NaN), /version must be/],
  ['version: none', async () => zk.transaction().check('/', wrong(undefined)), /version must be/],
  ['acl: no list', () => zk.setAcl('/', wrong({ perms: 1, id: anyone })), /acl must be a list of/],
  ['acl: no id', () => zk.setAcl('/', [wrong({ perms: 31 })]), /acl must be a list of/],
  [
    'acl: perms as text',
    () => zk.create('/x', null, { acl: [wrong({ perms: 'r', id: anyone })] }),
    /acl must/,
  ],
  ['acl: null', () => zk.create('/x', null, { acl: wrong(null) }), /acl must be a list of/],
  [
    'mode',
    () => zk.create('/x', null, { mode: wrong('EPHEMERAL') }),
    /mode must be one of persistent, ephem/,
  ],
  ['options: a flag', () => zk.create('/x', null, wrong(1)), /options must be an object, not 1/],
  ['options: misspelt', () => zk.create('/x', null, wrong({ ephemeral: true })), /no option 'ephemeral'/],
  ['a ttl without its mode', () => zk.create('/x', null, { ttlMs: 5 }), /ttlMs goes with the modes ttl/],
  ['no ttl', () => zk.create('/x', null, { mode: 'ttl' }), /ttlMs must be whole milliseconds, not undefined/],
  ['ttl: text', () => zk.createTtl('/x', wrong('5')), /ttlMs must be whole milliseconds, not '5'/],
  ['watcher: true', () => zk.exists('/', wrong(true)), /watcher must be a function, not true/],
  ['watcher: null', () => zk.getData('/', wrong(null)), /watcher must be a function, not null/],
  ['watcher: text', () => zk.getChildren('/', wrong('x')), /watcher must be a function/],
  ['watcher: none', () => zk.addWatch('/', 'persistent', wrong(undefined)), /watcher must be a function/],
  ['watch mode', () => zk.addWatch('/', wrong('once'), watcher), /mode must be one of persistent, recursive/],
  ['selection', () => zk.removeWatches('/', wrong('all')), /selection must be one of children, data, any/],
  ['selection to check', () => zk.checkWatches('/', wrong('toString')), /selection must be one of/],
  ['auth: scheme', () => zk.addAuth(wrong(undefined), 'a:b'), /scheme must be a string/],
  ['auth: a number', () => zk.addAuth('digest', wrong(7)), /auth must be a string or a Uint8Array/],
  ['auth: null', () => zk.addAuth('digest', wrong(null)), /auth must be/],
  [
    'reconfig: text for a list',
    () => zk.reconfig({ joining: wrong('server.1=a') }),
    /joining must be a list/,
  ],
  ['reconfig: ids as text', () => zk.reconfig({ leaving: [wrong('1')] }), /leaving must be a list of ids/],
  ['reconfig: version', () => zk.reconfig({ fromVersion: wrong(1) }), /fromVersion must be a bigint, not 1/],
  ['reconfig: nothing', () => zk.reconfig(wrong(undefined)), /options must be an object/],
  ['time to connect', () => zk.connected(Number.POSITIVE_INFINITY), /timeoutMs must be milliseconds/],
  ['a word to no port', () => fourLetterWord('127.0.0.1', wrong(undefined), 'ruok'), /port must be a port/],
  ['no word', () => fourLetterWord('127.0.0.1', 2181, wrong(null)), /word must be a string/],
]
it.each(refused)('refuses %s', async (_, operation, message) => {
  const error: unknown = await operation().catch((why: unknown) => why)
  expect(error).toBeInstanceOf(TypeError)
  expect((error as TypeError).message).toMatch(message)
})

it.each([
  ['null', [null], /connect string must be a string, not null/],
  ['undefined', [undefined], /connect string must be a string, not undefined/],
  ['a list', [['127.0.0.1:1']], /connect string must be a string/],
  ['a chroot that is no path', ['127.0.0.1:1/a/../b'], /chroot \/a\/..\/b has a relative name/],
  [
    'a misspelt option',
    ['127.0.0.1:1', { sessionTimeout: 5 }],
    /no option 'sessionTimeout'; there are sessionT/,
  ],
  ['null for options', ['127.0.0.1:1', null], /options must be an object, not null/],
  [
    'a timeout as text',
    ['127.0.0.1:1', { sessionTimeoutMs: '5000' }],
    /sessionTimeoutMs must be a whole number/,
  ],
  ['an endless timeout', ['127.0.0.1:1', { connectTimeoutMs: Number.POSITIVE_INFINITY }], /connectTimeoutMs/],
  ['NaN', ['127.0.0.1:1', { connectTimeoutMs: Number.NaN }], /connectTimeoutMs must be/],
  ['a frame limit', ['127.0.0.1:1', { maxFrameBytes: 0 }], /maxFrameBytes must be a whole number/],
  ['readOnly', ['127.0.0.1:1', { readOnly: 'yes' }], /readOnly must be true or false/],
  ['a session id', ['127.0.0.1:1', { session: { id: 5, password: Buffer.alloc(16) } }], /session must be/],
  ['sasl', ['127.0.0.1:1', { sasl: { user: 'a' } }], /sasl.password must be a string/],
] as const)('is not made with %s', (_, args, message) => {
  expect(() => new ZooKeeper(...(wrong(args) as [string]))).toThrow(TypeError)
  expect(() => new ZooKeeper(...(wrong(args) as [string]))).toThrow(message)
})

it('rejects a wrong time to wait', async () => {
  const endless = ZooKeeper.connect(ensemble.connectString, { timeoutMs: wrong('5') })
  await expect(endless).rejects.toThrow(/timeoutMs must be milliseconds/)
  await expect(ZooKeeper.connect(wrong(null))).rejects.toThrow(TypeError)
  expect(() => parseConnectString(wrong(7))).toThrow(/connect string must be a string, not 7/)
})

it('accepts any Uint8Array as data, also a part of a larger buffer', async () => {
  const bytes = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4)
  await zk.create('/bytes', bytes)
  expect((await zk.getData('/bytes')).data).toEqual(Buffer.from([1, 2, 3]))
  await zk.setData('/bytes', new TextEncoder().encode('grün'))
  expect((await zk.getData('/bytes')).data?.toString()).toBe('grün')
  await zk.transaction().setData('/bytes', bytes).commit()
  expect((await zk.getData('/bytes')).data).toEqual(Buffer.from([1, 2, 3]))
  await zk.addAuth('digest', new TextEncoder().encode('a:b'))
})

it('still returns null for a valid path without a znode', async () => {
  expect(await zk.exists('/none')).toBe(null)
})
