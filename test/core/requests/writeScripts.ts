/**
 * Conversations about everything that a write can be, and about multiRead, asked of Apache ZooKeeper 3.8.0 in
 * the same way as those of `scripts.ts`, some of them with settings.
 */
import {
  acl,
  auth,
  check,
  close,
  create,
  create2,
  createContainer,
  createTtl,
  exists,
  getAcl,
  getChildren,
  getChildren2,
  getData,
  multi,
  multiRead,
  raw,
  remove,
  type Step,
  say,
  setAcl,
  setData,
} from './conversation.ts'
import type { CraftedNode } from './crafted.ts'
import { randomWalk } from './walk.ts'

export interface WriteScript {
  readonly steps: readonly Step[]
  /** What the server finds in its data dir, beside a new tree. */
  readonly nodes?: readonly CraftedNode[]
  /** zoo.cfg lines. */
  readonly set?: Readonly<Record<string, string>>
}

const FLAGS = [-1, 0, 1, 2, 3, 4, 5, 6, 7, 255]
const TTLS = [1, 1000, 2 ** 40 - 1, 2 ** 40, 0, -5]

/** Every kind of create with every flag; the children show what the node became. */
const everyFlag = (create: (path: string, flags: number) => ReturnType<typeof createTtl>): Step[] =>
  FLAGS.flatMap((flags) => [
    say('a', create(`/n${flags}`, flags)),
    say('a', getData(`/n${flags}`)),
    say('a', create2(`/n${flags}/c`), remove(`/n${flags}/c`)),
  ])

const kinds: Step[] = [
  ...everyFlag((path, flags) => create(path, 'x', flags)),
  say('a', getChildren('/')),
  ...everyFlag((path, flags) => ({ ...create2(`${path}two`, 'x', flags) })),
  say('a', getChildren('/')),
  ...everyFlag((path, flags) => createContainer(`${path}container`, 'x', flags)),
  say('a', getChildren('/')),
  // With a flag that is no TTL's and a TTL below zero a whole ensemble of Apache's ends.
  ...everyFlag((path, flags) => createTtl(`${path}ttl`, 1000, flags, 'x')),
  say('a', getChildren('/')),
]

const ttlBounds: Step[] = TTLS.flatMap((ttl) => [
  say('a', createTtl(`/t${ttl}`, ttl, 5, 'x'), exists(`/t${ttl}`)),
  say('a', createTtl(`/t${ttl}-`, ttl, 6, 'x')),
])

const OPEN_LIMITS = (limits: string, stats = 'count=0,bytes=0'): Step[] => [
  say(
    'a',
    create('/q', 'four'),
    create('/zookeeper/quota/q'),
    create('/zookeeper/quota/q/zookeeper_limits', limits),
  ),
  say('a', create('/zookeeper/quota/q/zookeeper_stats', stats)),
  say('a', getData('/zookeeper/quota/q/zookeeper_stats')),
]
const STATS = say('a', getData('/zookeeper/quota/q/zookeeper_stats'))

/** One at a time: Apache checks against what is applied, so requests in flight pass together. */
const alone = (...asks: ReturnType<typeof create>[]): Step[] => asks.map((asked) => say('a', asked))

const quotaUse: Step[] = [
  ...alone(
    create('/q/a', 'xx'),
    create2('/q/b', 'yyy'),
    create('/q/c', 'zzzz'),
    createContainer('/q/d'),
    multi(create('/q/e'), create('/q/f')),
    multi(remove('/q/a'), create('/q/g')),
    setData('/q/b', 'longer than before'),
    setData('/q/b', 'y'),
    setData('/q/b', null),
    setData('/q', 'much, much longer than it was'),
    multi(setData('/q/b', 'longer than before')),
    remove('/q/b'),
    create('/q/h', null),
    create('/q/i', 'x', 1),
    create('/q/j-', 'x', 2),
    setData('/q', 'x', 77),
    create('/qq', 'not below it'),
    setData('/q/none', 'x'),
  ),
  STATS,
]

const LIMITS = [
  'count=3,bytes=-1',
  'count=-1,bytes=8',
  'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3',
  'count=-1,bytes=-1=;byteHardLimit=12;countHardLimit=-1',
  'count=1,bytes=1=;byteHardLimit=20;countHardLimit=5',
  'count=0,bytes=0=;byteHardLimit=0;countHardLimit=0',
  'countHardLimit=4;byteHardLimit=11',
  '',
]

const hash = 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ='
const only = (perms: number) => [acl(perms, 'digest', hash)]

/** Who is `a` proves to be u; `b` does not. */
const aclOnEverything: Step[] = [
  say('a', auth('digest', 'u:p')),
  ...[1, 2, 4, 8, 16].flatMap((perms) => {
    const path = `/p${perms}`
    return [
      say(
        'a',
        create(path, 'x', 0, only(31)),
        create(`${path}/c`, 'x', 0, only(31)),
        setAcl(path, only(perms)),
      ),
      ...['a', 'b'].map((who) =>
        say(
          who,
          create(`${path}/new`),
          create2(`${path}/new2`),
          createContainer(`${path}/container`),
          remove(`${path}/c`, 9),
          remove(`${path}/none`),
          remove(path, 9),
          setData(path, 'y', 9),
          setAcl(path, only(perms), 9),
          multi(check(path, 9)),
          multi(create(`${path}/m`), remove(`${path}/m`)),
          multi(setData(path, 'z')),
          multi(check(path, 0), setData('/none', 'x')),
          multiRead(getData(path), getChildren(path), getData('/none')),
          getData(path),
          getAcl(path),
        ),
      ),
    ]
  }),
]

const EVERY_RANGE = [
  0x00, 0x01, 0x1f, 0x20, 0x7e, 0x7f, 0x9f, 0xa0, 0xd7ff, 0xe000, 0xf8ff, 0xf900, 0xffef, 0xfff0, 0xfffd,
  0xffff, 0x10000, 0x1f600, 0x10ffff,
]

const paths: Step[] = [
  ...EVERY_RANGE.map((code) => {
    const name = String.fromCodePoint(code)
    return say(
      'a',
      create(`/x${name}y`),
      create(`/s${name}`, '', 2),
      setData(`/x${name}y`, 'z'),
      remove(`/x${name}y`),
    )
  }),
  ...['/', '/.', '/..', '/a/.', '/a/..', '//', '/a//', '', 'x', '.', '/./', '/a/'].map((path) =>
    say('a', create(path, '', 2), create(path, '', 0), createContainer(path), create(path, '', 3)),
  ),
  // A lone surrogate as three bytes, which is no UTF-8.
  say('a', raw(1, '000000042fed9fbf00000000000000010000001f00000005776f726c6400000006616e796f6e6500000000')),
  say('a', raw(1, '000000042feda08000000000000000010000001f00000005776f726c6400000006616e796f6e6500000000')),
  say('a', raw(1, '000000042fedbfbf00000000000000010000001f00000005776f726c6400000006616e796f6e6500000000')),
  say(
    'a',
    create('/a'),
    create('/a/', '', 2),
    create('/a/.', '', 2),
    create('/a/..', '', 2),
    getChildren('/a'),
  ),
]

const NULL = 'ffffffff'
const TAIL = `00000000${'00000001'}0000001f00000005776f726c6400000006616e796f6e65`
const nulls: Step[] = [
  say('a', raw(1, `${NULL}${TAIL}00000000`)),
  say('a', raw(1, `${NULL}${TAIL}00000002`)),
  say('a', raw(2, `${NULL}ffffffff`)),
  say('a', raw(5, `${NULL}00000000ffffffff`)),
  say('a', raw(7, `${NULL}000000010000001f00000005776f726c6400000006616e796f6e65ffffffff`)),
  say('a', raw(15, `${NULL}${TAIL}00000000`)),
  say('a', raw(19, `${NULL}${TAIL}00000004`)),
  say('a', raw(3, `${NULL}00`), raw(4, `${NULL}00`), raw(8, `${NULL}01`), raw(12, `${NULL}00`)),
  // No ACL at all, and such whose scheme is null, or whose id is where it does not count.
  say('a', raw(1, '000000022f61000000000000000000000000')),
  say('a', raw(1, '000000022f6100000000ffffffff00000000')),
  say('a', raw(1, '000000022f6100000000000000010000001fffffffff00000006616e796f6e6500000000')),
  say('a', raw(1, '000000022f6100000000000000010000001f0000000461757468ffffffff00000000')),
  say(
    'a',
    create('/after', null),
    getData('/after'),
    setData('/after', ''),
    getData('/after'),
    setData('/after', null),
  ),
]

const multiOfAll: Step[] = [
  say('a', multi(create('/1'), create2('/2'), createContainer('/3'), createTtl('/4', 1000))),
  say('a', multi(create('/1'), create2('/2'), createContainer('/3'))),
  say('a', multi(create('/5', 'x', 4), create2('/6', 'x', 4), createContainer('/7', 'x', 0))),
  say('a', exists('/5'), exists('/6'), exists('/7'), create('/5/c')),
  say(
    'a',
    multi(createTtl('/8', 1000, 0), createTtl('/9', -1, 1), createTtl('/10', 5, 4), createTtl('/11', 5, 7)),
  ),
  say(
    'a',
    multi(createTtl('/8', 1000, 0), createTtl('/9', -1, 1), createTtl('/10', 5, 4), createTtl('/11-', 5, 2)),
  ),
  say('a', multi(create('/12'), create('/13', 'x', 5))),
  say('a', multi(create('/12', 'x', 9), create('/13', 'x', 5))),
  say('a', multi(create('/12', 'x', 5), create('/13', 'x', 9))),
  say('a', multi(create('/12'), create2('/13', 'x', 6))),
  // At once, Apache would find the leavings of what it has just refused.
  say('a', create('/12')),
  say('a', multi(createContainer('/14', 'x', 1), createContainer('/15-', 'x', 2)), getChildren('/')),
  say('a', multi(createTtl('/16', 1000), createTtl('/17-', 1000, 6), createTtl('/18', 0))),
  say('a', multi(createTtl('/16', 1000), createTtl('/17-', 1000, 6)), getChildren2('/')),
  say('a', multi(check('/1', 0), getData('/1')), multi(getData('/1'), check('/1', 0))),
  say('a', multi(getData('/1'), getChildren('/1')), multi(setAcl('/1', [])), multi(exists('/1'))),
  say('a', multi(create('/20'), raw(20, '000000022f31')), multi(create('/21'), raw(14, '')), multi(close)),
  say('a', multi(), exists('/1')),
  say('a', raw(14, 'ffffffff01ffffffff'), raw(14, '0000000101ffffffff'), raw(14, 'ffffffff00ffffffff')),
]

const deleteContainer: Step[] = [
  say('a', createContainer('/c'), create('/c/x'), remove('/c/x'), raw(20, '')),
  say('a', raw(20, '2f63'), raw(20, '000000022f63ffffffff'), raw(20, '00000000')),
  say('a', exists('/c'), create('/d')),
]

const reads: Step[] = [
  say('a', create('/r', 'x'), create('/r/a'), create('/r/b'), create('/closed', 'x', 0, only(31))),
  say('a', multiRead(), multiRead(getData('/r')), multiRead(getChildren('/r'))),
  say(
    'a',
    multiRead(getData('/r'), getChildren('/r'), getData('/none'), getChildren('/none'), getData('/r/a')),
  ),
  say('a', multiRead(getData('/closed'), getChildren('/closed'), getData('/r'))),
  // Watches are not set.
  say('a', multiRead(getData('/r', true), getChildren('/r', true), getData('/none', true))),
  say('b', setData('/r', 'y'), create('/r/c'), create('/none')),
  say('a', multiRead(getData('/r'), create('/mixed')), multiRead(create('/r2'), getData('/r'))),
  say(
    'a',
    multiRead(exists('/r')),
    multiRead(getAcl('/r')),
    multiRead(getChildren2('/r')),
    multiRead(raw(99, '')),
  ),
  say(
    'a',
    multiRead(getData(''), getData('/r/'), getData('bad'), getChildren('/'), getData('/zookeeper/config')),
  ),
  say('a', raw(22, ''), raw(22, '00000004'), raw(22, '0000000400ffffffff'), raw(22, 'ffffffff01ffffffff')),
  say('a', multi(create('/late'), check('/late', 0)), multiRead(getData('/late'))),
  say('a', exists('/r2'), exists('/mixed'), getData('/r')),
]

const nested: Step[] = [
  ...alone(
    create('/o', '1'),
    create('/o/i', '22'),
    create('/zookeeper/quota/o'),
    create('/zookeeper/quota/o/zookeeper_limits', 'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3'),
    create('/zookeeper/quota/o/zookeeper_stats', ''),
    create('/zookeeper/quota/o/i'),
    create('/zookeeper/quota/o/i/zookeeper_limits', 'count=2,bytes=10'),
    create('/zookeeper/quota/o/i/zookeeper_stats', 'rubbish'),
    getData('/zookeeper/quota/o/zookeeper_stats'),
    getData('/zookeeper/quota/o/i/zookeeper_stats'),
    create('/o/i/x', '333'),
    create('/o/i/y', '4444'),
    create('/o/j', '55555'),
    create('/o/k', '55555'),
    getData('/zookeeper/quota/o/zookeeper_stats'),
    getData('/zookeeper/quota/o/i/zookeeper_stats'),
    remove('/zookeeper/quota/o/i/zookeeper_limits'),
    remove('/o/i/x'),
    getData('/zookeeper/quota/o/zookeeper_stats'),
    getData('/zookeeper/quota/o/i/zookeeper_stats'),
    create('/o/e', 'eph', 1),
    getData('/zookeeper/quota/o/zookeeper_stats'),
  ),
  say('b', create('/o/eb', 'eph', 1), create('/o/ec', 'ephemeral', 1)),
  say('a', getData('/zookeeper/quota/o/zookeeper_stats')),
  say('b', close),
  say('a', getData('/zookeeper/quota/o/zookeeper_stats')),
  ...alone(
    remove('/zookeeper/quota/o/zookeeper_stats'),
    create('/o/l', 'x'),
    create('/o/m', 'x'),
    create('/zookeeper/quota/o/zookeeper_stats', 'count=0,bytes=0'),
    getData('/zookeeper/quota/o/zookeeper_stats'),
    setData('/zookeeper/quota/o/zookeeper_stats', 'bytes=5;other=7,count=1'),
    setData('/o/l', 'xyz'),
    getData('/zookeeper/quota/o/zookeeper_stats'),
    setData('/zookeeper/quota/o/zookeeper_stats', ''),
    setData('/o/l', 'xyzab'),
    getData('/zookeeper/quota/o/zookeeper_stats'),
    setData('/zookeeper/quota/o/zookeeper_stats', 'count=,bytes=+4'.replace('count=,', '')),
    create('/o/n', 'xy'),
    getData('/zookeeper/quota/o/zookeeper_stats'),
    setData('/zookeeper/quota/o/zookeeper_limits', 'rubbish'),
    create('/o/p', 'xy'),
    setData('/o/l', ''),
    multi(create('/apart'), create('/o/q', 'xy')),
    getData('/o'),
    create('/zookeeper/quota/zookeeper'),
    create('/zookeeper/quota/zookeeper/zookeeper_limits', 'count=1,bytes=-1'),
    create('/zookeeper/quota/zookeeper/zookeeper_stats', ''),
    create('/zookeeper/x', 'yy'),
    getData('/zookeeper/quota/zookeeper/zookeeper_stats'),
    create('/zookeeper/quota/zookeeper_stats', 'x'),
    getData('/zookeeper/quota/zookeeper_stats'),
  ),
]

const special: Step[] = ['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota'].flatMap((path) => [
  say('a', setData(path, 'x'), setData(path, null, -1), setData(path, '', 0), getData(path)),
  say(
    'a',
    setAcl(path, [acl(31, 'world', 'anyone')]),
    setAcl(path, [acl(31, 'world', 'anyone')], 0),
    getAcl(path),
  ),
  say(
    'a',
    create(`${path === '/' ? '' : path}/below`, 'x'),
    create(`${path === '/' ? '' : path}/s-`, 'x', 2),
  ),
  say('a', remove(path), multi(remove(path)), multi(setData(path, 'y')), multi(check(path)), getData(path)),
  say('a', createContainer(path), create(path)),
])

const LAST = 2 ** 31 - 1
const FIRST = -(2 ** 31)
const numbers: CraftedNode[] = [
  { path: '/up', cversion: LAST - 2 },
  { path: '/low', cversion: FIRST },
  { path: '/minus', cversion: -3 },
  { path: '/v', version: LAST - 1, aversion: LAST - 1 },
  { path: '/w', version: -4, aversion: -4 },
]
const overflow: Step[] = [
  ...['/up', '/low', '/minus'].flatMap((path) => [
    say('a', exists(path)),
    ...alone(
      create(`${path}/s-`, '', 2),
      create2(`${path}/s-`, '', 3),
      create(`${path}/plain`),
      create(`${path}/s-`, '', 2),
      create(`${path}/t-`, '', 2),
      create(`${path}/s-`, '', 2),
      remove(`${path}/plain`),
      createContainer(`${path}/container`),
      exists(path),
      getChildren2(path),
    ),
  ]),
  ...alone(
    ...['/v', '/w'].flatMap((path) => [
      setData(path, 'x'),
      setAcl(path, [acl(31, 'world', 'anyone')]),
      setData(path, 'y'),
      setAcl(path, [acl(31, 'world', 'anyone')]),
      multi(check(path, path === '/v' ? FIRST : -2)),
      setData(path, 'z', path === '/v' ? LAST : -3),
      multi(check(path, -1)),
      exists(path),
    ]),
  ),
]

/** TTL marks: of a second, of 3.5.3, for ever, and what looks like one and is none. */
const marked: CraftedNode[] = [
  { path: '/container', owner: -(2n ** 63n) },
  { path: '/ttl', owner: BigInt.asIntN(64, 0xff00_0000_003b_9ac9n | (0xff00n << 48n)) },
  { path: '/ttl353', owner: BigInt.asIntN(64, 0x8000_0000_7fff_ffffn) },
  { path: '/plain' },
  { path: '/plain/ttl', owner: BigInt.asIntN(64, 0xff00_00ff_ffff_ffffn) },
  { path: '/plain/container', owner: -(2n ** 63n) },
  { path: '/plain/container/child', data: 'x' },
]
const found: Step[] = [
  ...alone(
    ...['/container', '/ttl', '/ttl353', '/plain', '/plain/ttl', '/plain/container'].flatMap((path) => [
      exists(path),
      create(`${path}/c`),
      setData(path, 'x'),
      remove(`${path}/c`),
    ]),
  ),
  say('a', getChildren2('/'), getChildren2('/plain'), remove('/plain/ttl'), remove('/container')),
]

/** Statistics that are wrong, nested limits, a limits node that is no leaf. */
const limited: CraftedNode[] = [
  { path: '/a', data: '1' },
  { path: '/a/b', data: '22' },
  { path: '/a/b/c', data: '333' },
  { path: '/d', data: '4444' },
  { path: '/e', data: '55555' },
  ...['/a', '/a/b', '/d', '/e', '/none'].flatMap((path) => [
    { path: `/zookeeper/quota${path}` },
    { path: `/zookeeper/quota${path}/zookeeper_limits`, data: 'count=100,bytes=100' },
    { path: `/zookeeper/quota${path}/zookeeper_stats`, data: 'count=77,bytes=77' },
  ]),
  { path: '/zookeeper/quota/d/zookeeper_limits/below' },
]
const recounted: Step[] = [
  ...alone(
    ...['/a', '/a/b', '/d', '/e', '/none'].map((path) => getData(`/zookeeper/quota${path}/zookeeper_stats`)),
    create('/a/b/x', 'yy'),
    create('/d/x', 'yy'),
    create('/none', 'yy'),
    remove('/e'),
    ...['/a', '/a/b', '/d', '/e', '/none'].map((path) => getData(`/zookeeper/quota${path}/zookeeper_stats`)),
  ),
]

const extended = { extendedTypesEnabled: 'true' }
const enforced = { enforceQuota: 'true' }

export const WRITE_SCRIPTS: Readonly<Record<string, WriteScript>> = {
  'kinds of nodes': { steps: kinds },
  'kinds of nodes with extended types': { steps: [...kinds, ...ttlBounds], set: extended },
  'ttl as in 3.5.3': { steps: [...ttlBounds], set: { ...extended, emulate353TTLNodes: 'true' } },
  'a random walk of every kind': { steps: randomWalk(9, 200, true), set: extended },
  'another random walk of every kind': { steps: randomWalk(10, 200, true), set: extended },
  'multi of every kind': { steps: multiOfAll },
  'multi of every kind with extended types': { steps: multiOfAll, set: extended },
  'deleting a container': { steps: deleteContainer },
  'multi reads': { steps: reads },
  'permissions for everything': { steps: aclOnEverything },
  'every range of characters': { steps: paths },
  'null fields': { steps: nulls },
  'nodes of the system': { steps: special },
  'numbers that overflow': { steps: overflow, nodes: numbers },
  // Without them, TTL nodes are ephemerals of dead sessions.
  'kinds found in a snapshot': { steps: found, nodes: marked.filter(({ path }) => !path.includes('ttl')) },
  'kinds found with extended types': {
    steps: found,
    nodes: marked.filter(({ path }) => path !== '/ttl353'),
    set: extended,
  },
  'kinds found as in 3.5.3': {
    steps: found,
    nodes: marked,
    set: { ...extended, emulate353TTLNodes: 'true' },
  },
  'quotas found in a snapshot': { steps: recounted, nodes: limited },
  'nested quotas': { steps: nested, set: enforced },
  ...Object.fromEntries(
    LIMITS.flatMap((limits, i) => [
      [`quota ${i}`, { steps: [...OPEN_LIMITS(limits), ...quotaUse] }],
      [`quota ${i} enforced`, { steps: [...OPEN_LIMITS(limits), ...quotaUse], set: enforced }],
    ]),
  ),
}
