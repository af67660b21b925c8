/** Generated: which permission allows which user what, and which identity counts. */

import { createHash } from 'node:crypto'
import type { WireAcl } from '../jute.ts'
import { matrix } from '../matrix.ts'
import * as op from '../operations.ts'
import type { Answer } from '../rawSession.ts'
import type { Case } from '../suite.ts'

const requests: Record<string, (path: string) => op.Operation> = {
  'create a child': (path) => op.create(`${path}/child`),
  'create a container child': (path) => op.createContainer(`${path}/child`),
  'delete the child': (path) => op.remove(`${path}/old`),
  'delete it': (path) => op.remove(`${path}`),
  exists: (path) => op.exists(path),
  getData: (path) => op.getData(path),
  setData: (path) => op.setData(path),
  getAcl: (path) => op.getAcl(path),
  setAcl: (path) => op.setAcl(path),
  getChildren: (path) => op.getChildren(path),
  getChildren2: (path) => op.getChildren2(path),
  getAllChildrenNumber: (path) => op.getAllChildrenNumber(path),
  sync: (path) => op.sync(path),
  addWatch: (path) => op.addWatch(path, 0),
  'create a child in a multi': (path) => op.multi(op.create(`${path}/child`)),
  'delete the child in a multi': (path) => op.multi(op.remove(`${path}/old`)),
  'setData in a multi': (path) => op.multi(op.setData(path)),
  'check in a multi': (path) => op.multi(op.check(path, 0)),
  'getData in a multiRead': (path) => op.multiRead(op.getData(path)),
  'getChildren in a multiRead': (path) => op.multiRead(op.getChildren(path)),
}

const permissions = {
  none: 0,
  read: 1,
  write: 2,
  create: 4,
  delete: 8,
  admin: 16,
  all: 31,
  'all but read': 30,
  'all but admin': 15,
}

/**
 * `/n` has the ACL, its child `/n/old` is open. They are prepared at the leader, whose answer to a setAcl
 * means that it has the new ACL. A follower may have it, and answer, before the leader, which then checks the
 * next write against the old one.
 */
async function prepare(at: Case, acl: readonly WireAcl[]): Promise<string> {
  const session = await at.open({ address: at.ensemble.leaderAddress })
  const path = `${at.root}/n`
  await session.must(op.create(path, { data: 'x' }))
  await session.must(op.create(`${path}/old`))
  await session.must(op.setAcl(path, acl))
  return path
}

matrix('permissions of world:anyone', {
  table: 'permissions',
  rows: requests,
  columns: permissions,
  async observe(at, request, perms) {
    const path = await prepare(at, [[perms, 'world', 'anyone']])
    const session = await at.open()
    await session.settle()
    return said(await session.do(request(path)))
  },
})

const digestOf = (user: string) => `${user.split(':')[0]}:${createHash('sha1').update(user).digest('base64')}`
const FRED = digestOf('fred:secret')

const guarded: Record<string, readonly WireAcl[]> = {
  'digest of fred': [[31, 'digest', FRED]],
  'digest of another password': [[31, 'digest', digestOf('fred:other')]],
  'digest in clear': [[31, 'digest', 'fred:secret']],
  'fred reads, anyone writes': [
    [1, 'digest', FRED],
    [2, 'world', 'anyone'],
  ],
  'two of fred': [
    [1, 'digest', FRED],
    [2, 'digest', FRED],
  ],
  'its address': [[31, 'ip', '127.0.0.1']],
  'its network': [[31, 'ip', '127.0.0.0/8']],
  'another network': [[31, 'ip', '10.0.0.0/8']],
  'an address of more bits': [[31, 'ip', '127.0.0.3/30']],
  super: [[31, 'digest', 'super:x']],
}
const logins: Record<string, readonly [scheme: string, proof: string][]> = {
  nobody: [],
  fred: [['digest', 'fred:secret']],
  'fred with another password': [['digest', 'fred:wrong']],
  another: [['digest', 'jane:secret']],
  'another and fred': [
    ['digest', 'jane:secret'],
    ['digest', 'fred:secret'],
  ],
  'fred twice': [
    ['digest', 'fred:secret'],
    ['digest', 'fred:secret'],
  ],
  'an unproven super': [['digest', 'super:secret']],
  'by ip': [['ip', '10.0.0.1']],
  'by world': [['world', 'anyone']],
}

for (const name of ['getData', 'getAcl'])
  matrix(`${name} of what is guarded by`, {
    table: `identities-${name}`,
    rows: guarded,
    columns: logins,
    async observe(at, acl, proofs) {
      const path = await prepare(at, acl)
      const session = await at.open()
      await session.settle()
      const answered: string[] = []
      for (const [scheme, proof] of proofs) answered.push((await session.do(op.auth(scheme, proof))).outcome)
      const answer = await session.do((requests[name] as (path: string) => op.Operation)(path))
      const shown = answer.value?.acl === undefined ? '' : ` ${JSON.stringify(answer.value.acl)}`
      return [...answered, `${answer.outcome}${shown}`].join(', ')
    },
  })

matrix('authentication', {
  table: 'authentication',
  rows: {
    digest: 'digest',
    ip: 'ip',
    world: 'world',
    auth: 'auth',
    super: 'super',
    x509: 'x509',
    sasl: 'sasl',
    martian: 'martian',
    'the empty scheme': '',
    'a null scheme': null,
  },
  columns: {
    'user:password': 'fred:secret',
    'no colon': 'fred',
    'two colons': 'a:b:c',
    nothing: '',
    null: null,
    'a colon': ':',
    'no password': 'fred:',
    'no user': ':secret',
    'bytes that are no UTF-8': Buffer.from([0xff, 0xfe, 0x3a, 0x80]),
  },
  async observe(at, scheme, proof) {
    const session = await at.open()
    const answer = await session.do(op.auth(scheme, proof))
    if (answer.outcome !== 'ok') {
      await session.closed()
      return `${answer.outcome}, then closed`
    }
    const { ids } = await session.must(op.whoAmI())
    // Apache keeps them in a set, so their order means nothing.
    return `ok: ${ids.sort().join(' ')}`
  },
})

function said({ outcome, value }: Answer): string {
  if (value?.acl !== undefined) return `${outcome} ${JSON.stringify(value.acl)}`
  if (!Array.isArray(value?.results)) return outcome
  const parts = value.results as op.PartResult[]
  return `${outcome} [${parts.map(({ err }) => op.errorText(err)).join(', ')}]`
}
