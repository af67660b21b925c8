/**
 * Every request with every field wrong, one at a time: nulls, lying lengths and counts, values out of range,
 * a body that ends before the field. Packed by hand, as src/protocol would refuse to write most of them.
 */
import { bool, buffer, int, long } from '../support/wire.ts'

export interface WrongRequest {
  readonly name: string
  readonly xid: number
  readonly type: number
  readonly body: Buffer
}

/** Bytes in place of a field, by what is wrong with them. */
type Variants = Record<string, Buffer>

interface Field {
  readonly name: string
  readonly valid: Buffer
  readonly wrong: Variants
}

const entry = (perms: number, scheme: Buffer, id: Buffer) => Buffer.concat([int(perms), scheme, id])
const open = entry(31, buffer('world'), buffer('anyone'))
const list = (...entries: Buffer[]) => Buffer.concat([int(entries.length), ...entries])

const lengths: Variants = {
  'length -2': int(-2),
  'the most negative length': int(-0x80000000),
  'length 2 GiB': int(0x7fffffff),
  'a length beyond its end': Buffer.concat([int(1000), Buffer.from('/a')]),
}

const path = (valid: string): Field => ({
  name: 'path',
  valid: buffer(valid),
  wrong: {
    ...lengths,
    null: int(-1),
    empty: buffer(''),
    'without a slash': buffer('a'),
    'a slash at its end': buffer(`${valid}/`),
    'two slashes': buffer(`/${valid}`),
    'a zero byte': buffer(`${valid}\0`),
    'a dot': buffer(`${valid}/.`),
    'two dots': buffer(`${valid}/../b`),
    'bytes that are no UTF-8': Buffer.concat([int(4), Buffer.from('2f61fffe', 'hex')]),
    'a lone surrogate': Buffer.concat([int(5), Buffer.from('2f61eda080', 'hex')]),
    'nothing there': buffer('/nothing/there'),
    root: buffer('/'),
    'of ZooKeeper itself': buffer('/zookeeper'),
    long: buffer(`/${'x'.repeat(100_000)}`),
  },
})

const bytes = (name: string): Field => ({
  name,
  valid: buffer('x'),
  wrong: { ...lengths, null: int(-1), empty: buffer('') },
})

const acls: Field = {
  name: 'acl',
  valid: list(open),
  wrong: {
    null: int(-1),
    none: int(0),
    'count -2': int(-2),
    'two billion entries': int(0x7fffffff),
    'more entries than there are': Buffer.concat([int(3), open]),
    'no permission': list(entry(0, buffer('world'), buffer('anyone'))),
    'every bit': list(entry(-1, buffer('world'), buffer('anyone'))),
    'unknown permissions': list(entry(0x40, buffer('world'), buffer('anyone'))),
    'world, but somebody': list(entry(31, buffer('world'), buffer('me'))),
    'an unknown scheme': list(entry(31, buffer('nonsense'), buffer('me'))),
    'an empty scheme': list(entry(31, buffer(''), buffer('anyone'))),
    'a null scheme': list(entry(31, int(-1), buffer('anyone'))),
    'a null id': list(entry(31, buffer('world'), int(-1))),
    'a null id of digest': list(entry(31, buffer('digest'), int(-1))),
    'auth without anybody': list(entry(31, buffer('auth'), buffer(''))),
    'an address that is none': list(entry(31, buffer('ip'), buffer('300.0.0.1'))),
    'an address with too many bits': list(entry(31, buffer('ip'), buffer('10.0.0.0/33'))),
    'a digest without a colon': list(entry(31, buffer('digest'), buffer('me'))),
    'a scheme that claims 2 GiB': list(entry(31, int(0x7fffffff), buffer(''))),
  },
}

const number = (name: string, valid: number, ...wrong: number[]): Field => ({
  name,
  valid: int(valid),
  wrong: Object.fromEntries(wrong.map((value) => [String(value), int(value)])),
})

const version = number('version', -1, -2, 7, 0x7fffffff, -0x80000000)
const flag: Field = {
  name: 'watch',
  valid: bool(false),
  wrong: { two: Buffer.from([2]), '255': Buffer.from([255]) },
}
const zxid: Field = {
  name: 'zxid',
  valid: long(0n),
  wrong: { '-1': long(-1n), 'Long.MAX': long(2n ** 63n - 1n), 'Long.MIN': long(-(2n ** 63n)) },
}
const paths = (name: string): Field => ({
  name,
  valid: list(buffer('/w')),
  wrong: {
    null: int(-1),
    'count -2': int(-2),
    'two billion': int(0x7fffffff),
    'a null path': list(int(-1)),
    'an empty path': list(buffer('')),
    'no path at all': list(buffer('w')),
    'length -2': list(int(-2)),
  },
})

/** `n` makes the paths of one case its own. */
const requests: Record<string, { type: number; fields: (n: number) => Field[] }> = {
  create: {
    type: 1,
    fields: (n) => [path(`/c${n}`), bytes('data'), acls, number('flags', 0, -1, 4, 7, 99, 1 << 30)],
  },
  create2: { type: 15, fields: (n) => [path(`/d${n}`), bytes('data'), acls, number('flags', 0, -1, 7)] },
  delete: { type: 2, fields: () => [path('/w'), number('version', 9, -2, 0x7fffffff, -0x80000000)] },
  exists: { type: 3, fields: () => [path('/w'), flag] },
  getData: { type: 4, fields: () => [path('/w'), flag] },
  setData: { type: 5, fields: () => [path('/w'), bytes('data'), version] },
  getACL: { type: 6, fields: () => [path('/w')] },
  setACL: { type: 7, fields: () => [path('/w'), acls, version] },
  getChildren: { type: 8, fields: () => [path('/w'), flag] },
  sync: { type: 9, fields: () => [path('/w')] },
  getChildren2: { type: 12, fields: () => [path('/w'), flag] },
  reconfig: {
    type: 16,
    fields: () => [bytes('joining'), bytes('leaving'), bytes('members'), { ...zxid, name: 'config id' }],
  },
  checkWatches: { type: 17, fields: () => [path('/w'), number('type', 3, 0, -1, 4, 99)] },
  removeWatches: { type: 18, fields: () => [path('/w'), number('type', 3, 0, -1, 4, 99)] },
  createContainer: {
    type: 19,
    fields: (n) => [path(`/e${n}`), bytes('data'), acls, number('flags', 4, 0, 1, 99)],
  },
  createTTL: {
    type: 21,
    fields: (n) => [path(`/f${n}`), bytes('data'), acls, number('flags', 5, 0, 99), { ...zxid, name: 'ttl' }],
  },
  setWatches: { type: 101, fields: () => [zxid, paths('data'), paths('exist'), paths('child')] },
  getEphemerals: { type: 103, fields: () => [path('/w')] },
  getAllChildrenNumber: { type: 104, fields: () => [path('/w')] },
  setWatches2: {
    type: 105,
    fields: () => [
      zxid,
      paths('data'),
      paths('exist'),
      paths('child'),
      paths('persistent'),
      paths('recursive'),
    ],
  },
  addWatch: { type: 106, fields: () => [path('/w'), number('mode', 0, -1, 2, 99)] },
  whoAmI: { type: 107, fields: () => [] },
  auth: {
    type: 100,
    fields: () => [
      number('type', 0, -1, 99),
      {
        name: 'scheme',
        valid: buffer('digest'),
        wrong: { ...lengths, null: int(-1), unknown: buffer('nonsense') },
      },
      bytes('auth'),
    ],
  },
}

const part = (type: number, body: Buffer, err = -1) => Buffer.concat([int(type), bool(false), int(err), body])
const end = Buffer.concat([int(-1), bool(true), int(-1)])
const checkOf = (at: string) => Buffer.concat([buffer(at), int(-1)])
const createOf = (at: string, flags = 0) => Buffer.concat([buffer(at), buffer('x'), list(open), int(flags)])

const multis: Variants = {
  empty: end,
  'nothing at all': Buffer.alloc(0),
  'without its end': part(13, checkOf('/w')),
  'an end with an error': Buffer.concat([int(-1), bool(true), int(77)]),
  'an end of another type': Buffer.concat([int(13), bool(true), int(-1)]),
  'an unknown operation': Buffer.concat([part(99, checkOf('/w')), end]),
  'a read': Buffer.concat([part(4, Buffer.concat([buffer('/w'), bool(false)])), end]),
  'a multi within': Buffer.concat([part(14, end), end]),
  'a session': Buffer.concat([part(-10, int(4000)), end]),
  'a part with an error': Buffer.concat([part(13, checkOf('/w'), 0), end]),
  'a part cut short': part(1, createOf('/m')).subarray(0, 20),
  'a null path': Buffer.concat([part(13, Buffer.concat([int(-1), int(-1)])), end]),
  'a flag out of range': Buffer.concat([part(1, createOf('/m', 99)), end]),
  'one that fails': Buffer.concat([part(1, createOf('/m2')), part(13, checkOf('/nothing')), end]),
  'bytes behind its end': Buffer.concat([part(13, checkOf('/w')), end, Buffer.alloc(20)]),
}

const headers: [name: string, xid: number, type: number][] = [
  ...[0, -1, -2, -4, -8, 0x7fffffff, -0x80000000].map((xid): [string, number, number] => [
    `xid ${xid}`,
    xid,
    4,
  ]),
  ...[-1, 0, 10, -10, -12, 99, 108, 1000, 0x7fffffff, -0x80000000].map((type): [string, number, number] => [
    `type ${type}`,
    1,
    type,
  ]),
]

/** A top-level check is left out: it would be the end of Apache (docs/divergence.md). */
export function wrongRequests(): WrongRequest[] {
  const all: WrongRequest[] = []
  let n = 0
  for (const [request, { type, fields }] of Object.entries(requests)) {
    const add = (name: string, body: Buffer) => all.push({ name: `${request}: ${name}`, xid: 1, type, body })
    const count = fields(0).length
    for (let index = 0; index < count; index++) {
      for (const name of Object.keys((fields(0)[index] as Field).wrong)) {
        n += 1
        const own = fields(n)
        const body = own.map(({ valid, wrong }, i) => (i === index ? (wrong[name] as Buffer) : valid))
        add(`${(own[index] as Field).name} ${name}`, Buffer.concat(body))
      }
      n += 1
      add(
        `ends before ${(fields(n)[index] as Field).name}`,
        Buffer.concat(
          fields(n)
            .slice(0, index)
            .map(({ valid }) => valid),
        ),
      )
    }
    n += 1
    add('bytes behind its end', Buffer.concat([...fields(n).map(({ valid }) => valid), Buffer.alloc(9, 1)]))
  }
  for (const [name, body] of Object.entries(multis))
    all.push({ name: `multi: ${name}`, xid: 1, type: 14, body })
  for (const [name, xid, type] of headers)
    all.push({ name: `header: ${name}`, xid, type, body: Buffer.concat([buffer('/w'), bool(false)]) })
  return all
}
