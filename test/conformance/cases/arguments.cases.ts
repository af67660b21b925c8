/** Generated: the answers to wrong and unusual arguments: versions, flags, ACLs, data, paths. */

import type { WireAcl } from '../jute.ts'
import { matrix } from '../matrix.ts'
import * as op from '../operations.ts'
import type { Answer } from '../rawSession.ts'

matrix('versions', {
  table: 'versions',
  rows: {
    delete: (path: string, version: number) => op.remove(path, version),
    setData: (path: string, version: number) => op.setData(path, 'x', version),
    setAcl: (path: string, version: number) => op.setAcl(path, op.OPEN, version),
    'check in a multi': (path: string, version: number) => op.multi(op.check(path, version)),
    'delete in a multi': (path: string, version: number) => op.multi(op.remove(path, version)),
    'setData in a multi': (path: string, version: number) => op.multi(op.setData(path, 'x', version)),
  },
  columns: {
    '-2': -2,
    '-1': -1,
    '0': 0,
    '1': 1,
    '2': 2,
    '3': 3,
    '2147483647': 2147483647,
    '-2147483648': -2147483648,
  },
  /** The znode has version 2 and aversion 1. */
  async observe(at, request, version) {
    const session = await at.open()
    const path = `${at.root}/n`
    await session.must(op.create(path))
    await session.must(op.setData(path))
    await session.must(op.setData(path))
    await session.must(op.setAcl(path))
    return partOutcome(await session.do(request(path, version)))
  },
})

type Create = (path: string, flags: number) => op.Operation
const creates: Record<string, Create> = {
  create: (path, flags) => op.create(path, { flags }),
  create2: (path, flags) => op.create2(path, { flags }),
  createContainer: (path, flags) => op.createContainer(path, { flags }),
  'create in a multi': (path, flags) => op.multi(op.create(path, { flags })),
  'create2 in a multi': (path, flags) => op.multi(op.create2(path, { flags })),
  'createContainer in a multi': (path, flags) => op.multi(op.createContainer(path, { flags })),
}
const flags = Object.fromEntries(
  [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 255, 2147483647].map((flag) => [String(flag), flag]),
)

matrix('flags of create', {
  table: 'flags',
  rows: creates,
  columns: flags,
  async observe(at, request, flag) {
    const session = await at.open()
    const outcome = partOutcome(await session.do(request(`${at.root}/n`, flag)))
    if (!outcome.endsWith('ok')) return outcome
    const { children } = await session.must(op.getChildren(at.root))
    const { stat } = await session.must(op.exists(`${at.root}/${children[0]}`))
    const owner = stat.ephemeralOwner === session.sessionId ? 'itself' : String(stat.ephemeralOwner)
    return `${outcome}: ${children}, owned by ${owner}`
  },
})

matrix('flags of create with extended types', {
  table: 'flagsExtended',
  profile: 'extended',
  rows: {
    ...creates,
    createTtl: (path: string, flag: number) => op.createTtl(path, 100_000n, { flags: flag }),
    'createTtl in a multi': (path: string, flag: number) =>
      op.multi(op.createTtl(path, 100_000n, { flags: flag })),
  },
  columns: flags,
  async observe(at, request, flag) {
    const session = await at.open()
    const outcome = partOutcome(await session.do(request(`${at.root}/n`, flag)))
    if (!outcome.endsWith('ok')) return outcome
    const { children } = await session.must(op.getChildren(at.root))
    const { stat } = await session.must(op.exists(`${at.root}/${children[0]}`))
    const owner = stat.ephemeralOwner === 0n ? 'nobody' : 'somebody'
    return `${outcome}: ${children}, owned by ${owner}`
  },
})

matrix('times to live', {
  table: 'ttl',
  profile: 'extended',
  rows: {
    createTtl: (path: string, ttl: bigint) => op.createTtl(path, ttl),
    'createTtl sequential': (path: string, ttl: bigint) =>
      op.createTtl(path, ttl, { flags: op.Flag.sequentialTtl }),
    'createTtl in a multi': (path: string, ttl: bigint) => op.multi(op.createTtl(path, ttl)),
  },
  columns: Object.fromEntries(
    [
      -(2n ** 63n),
      -1n,
      0n,
      1n,
      1000n,
      2n ** 31n,
      2n ** 40n - 2n,
      2n ** 40n - 1n,
      2n ** 40n,
      2n ** 63n - 1n,
    ].map((ttl) => [String(ttl), ttl]),
  ),
  async observe(at, request, ttl) {
    const session = await at.open()
    return partOutcome(await session.do(request(`${at.root}/n`, ttl)))
  },
})

const acls: Record<string, readonly WireAcl[] | null> = {
  null: null,
  empty: [],
  'world:anyone': [[31, 'world', 'anyone']],
  'the same twice': [
    [31, 'world', 'anyone'],
    [31, 'world', 'anyone'],
  ],
  'the same id with other permissions': [
    [1, 'world', 'anyone'],
    [2, 'world', 'anyone'],
  ],
  'world:somebody': [[31, 'world', 'somebody']],
  'an unknown scheme': [[31, 'martian', 'x']],
  'an empty scheme': [[31, '', 'x']],
  'a valid entry and an unknown scheme': [
    [31, 'world', 'anyone'],
    [31, 'martian', 'x'],
  ],
  'auth without a login': [[31, 'auth', '']],
  'auth with an id': [[31, 'auth', 'fred:x']],
  'auth and world': [
    [31, 'auth', ''],
    [1, 'world', 'anyone'],
  ],
  'digest user:hash': [[31, 'digest', 'fred:aGFzaA==']],
  'digest without a colon': [[31, 'digest', 'fred']],
  'digest with two colons': [[31, 'digest', 'fred:a:b']],
  'digest of nothing': [[31, 'digest', '']],
  'digest of a colon': [[31, 'digest', ':']],
  'ip address': [[31, 'ip', '127.0.0.1']],
  'ip network': [[31, 'ip', '127.0.0.0/8']],
  'ip network of no bits': [[31, 'ip', '0.0.0.0/0']],
  'ip network of 33 bits': [[31, 'ip', '127.0.0.0/33']],
  'ip network of -1 bits': [[31, 'ip', '127.0.0.0/-1']],
  'ip network of bits that are no number': [[31, 'ip', '127.0.0.0/x']],
  'ip with two slashes': [[31, 'ip', '127.0.0.0/8/8']],
  'ip of three parts': [[31, 'ip', '127.0.1']],
  'ip out of range': [[31, 'ip', '127.0.0.256']],
  'ip that is a name': [[31, 'ip', 'localhost']],
  'ip version 6': [[31, 'ip', '::1']],
  'x509 without TLS': [[31, 'x509', 'CN=x']],
  'sasl without a provider': [[31, 'sasl', 'fred']],
  super: [[31, 'super', '']],
  'super with an id': [[31, 'super', 'x']],
  'no permission': [[0, 'world', 'anyone']],
  'unknown permissions': [[32, 'world', 'anyone']],
  'all bits': [[-1, 'world', 'anyone']],
}

const aclRequests = {
  create: (path: string, acl: readonly WireAcl[] | null) => op.create(`${path}/n`, { acl }),
  'create2 in a multi': (path: string, acl: readonly WireAcl[] | null) =>
    op.multi(op.create2(`${path}/n`, { acl })),
  createContainer: (path: string, acl: readonly WireAcl[] | null) => op.createContainer(`${path}/n`, { acl }),
  setAcl: (path: string, acl: readonly WireAcl[] | null) => op.setAcl(`${path}/old`, acl),
}

for (const login of ['without a login', 'after a login'] as const)
  matrix(`ACLs ${login}`, {
    table: `acls ${login}`.replaceAll(' ', '-'),
    rows: aclRequests,
    columns: acls,
    async observe(at, request, acl) {
      const session = await at.open()
      await session.must(op.create(`${at.root}/old`))
      if (login === 'after a login') await session.must(op.auth('digest', 'fred:secret'))
      const operation = request(at.root, acl)
      const outcome = partOutcome(await session.do(operation))
      if (!outcome.endsWith('ok')) return outcome
      const path = operation.type === 7 ? `${at.root}/old` : `${at.root}/n`
      const read = await session.do(op.getAcl(path))
      return `${outcome}: ${read.outcome} ${JSON.stringify(read.value?.acl ?? null)}`
    },
  })

matrix('data', {
  table: 'data',
  rows: {
    create: (path: string, data: Buffer | null) => op.create(`${path}/n`, { data }),
    create2: (path: string, data: Buffer | null) => op.create2(`${path}/n`, { data }),
    'create in a multi': (path: string, data: Buffer | null) => op.multi(op.create(`${path}/n`, { data })),
    setData: (path: string, data: Buffer | null) => op.setData(path, data),
    'setData in a multi': (path: string, data: Buffer | null) => op.multi(op.setData(path, data)),
  },
  columns: {
    null: null,
    empty: Buffer.alloc(0),
    'a byte': Buffer.from('x'),
    'zero bytes': Buffer.alloc(3),
    '1000 bytes': Buffer.alloc(1000, 'x'),
    '1000000 bytes': Buffer.alloc(1_000_000, 'x'),
    'almost jute.maxbuffer': Buffer.alloc(0xfffff - 300, 'x'),
    'more than jute.maxbuffer': Buffer.alloc(0x100000, 'x'),
  },
  async observe(at, request, data) {
    const session = await at.open()
    const operation = request(at.root, data)
    const outcome = partOutcome(await session.do(operation))
    if (!outcome.endsWith('ok')) return outcome
    const { children } = await session.must(op.getChildren(at.root))
    const read = await session.do(op.getData(children.length > 0 ? `${at.root}/n` : at.root))
    const length = read.value?.data?.length ?? 'null'
    return `${outcome}: ${read.outcome}, ${length}, dataLength ${read.value?.stat.dataLength}`
  },
})

/** Paths that PathUtils.validatePath accepts or refuses: its rules, their neighbours, and their order. */
const names: Record<string, string> = {
  'a name': 'n',
  'a space': 'a b',
  'a tab': 'a\tb',
  'a newline': 'a\nb',
  'U+0000': 'a\0b',
  'U+0001': 'a\u0001b',
  'U+001F': 'a\u001fb',
  'U+0020': '\u0020',
  'U+007E': 'a\u007eb',
  'U+007F': 'a\u007fb',
  'U+0080': 'a\u0080b',
  'U+009F': 'a\u009fb',
  'U+00A0': 'a\u00a0b',
  umlauts: 'äöü',
  Chinese: '节点',
  'U+D7FF': 'a\ud7ffb',
  'U+E000': 'a\ue000b',
  'U+F8FE': 'a\uf8feb',
  'U+F8FF': 'a\uf8ffb',
  'U+F900': 'a\uf900b',
  'U+FFEF': 'a\uffefb',
  'U+FFF0': 'a\ufff0b',
  'U+FFFD': 'a\ufffdb',
  'U+FFFF': 'a\uffffb',
  'beyond the first plane': 'a\u{1f600}b',
  'a lone surrogate, as UTF-8 has it': 'a\ufffdb',
  'a dot': '.',
  'two dots': '..',
  'three dots': '...',
  'a dot before a name': '.n',
  'a dot behind a name': 'n.',
  'two dots before a name': '..n',
  'two dots behind a name': 'n..',
  'dots within': 'a.b',
  'an empty part': '/n',
  'a slash at the end': 'n/',
  'two slashes at the end': 'n//',
  'a dot as parent': './n',
  'two dots as parent': '../n',
  'a dot at the end': 'n/.',
  'two dots at the end': 'n/..',
  'only slashes': '//',
  'a backslash': 'a\\b',
  'a colon': 'a:b',
  'a question mark': 'a?b',
  'a star': '*',
  'a tilde': '~',
  'a percent sign': '%2f',
  quotes: '"\'',
  'the word zookeeper': 'zookeeper',
  'the word config': 'config',
  digits: '0000000001',
  'a negative number': '-1',
  '255 letters': 'x'.repeat(255),
  '4000 letters': 'x'.repeat(4000),
  'a byte order mark': '\ufeffn',
  'a zero-width space': 'a\u200bb',
  'right to left': 'a\u202eb',
}

matrix('paths', {
  table: 'paths',
  rows: {
    create: (path: string) => op.create(path),
    'create sequential': (path: string) => op.create(path, { flags: op.Flag.sequential }),
    createContainer: (path: string) => op.createContainer(path),
    'create in a multi': (path: string) => op.multi(op.create(path)),
    exists: (path: string) => op.exists(path),
    delete: (path: string) => op.remove(path),
    setData: (path: string) => op.setData(path),
  },
  columns: names,
  async observe(at, request, name) {
    const session = await at.open()
    const answer = await session.do(request(`${at.root}/${name}`))
    const outcome = partOutcome(answer)
    if (!outcome.endsWith('ok')) return outcome
    const { children } = await session.must(op.getChildren(at.root))
    return `${outcome}: ${JSON.stringify(children.map((child: string) => child.slice(0, 30)))}`
  },
})

/** The outcome of the request, or of a multi's only part. */
function partOutcome({ outcome, value }: Answer): string {
  const [part] = (value?.results as op.PartResult[] | undefined) ?? []
  return part === undefined ? outcome : `${outcome}, part ${op.errorText(part.err)}`
}
