/**
 * Generated: which watch is fired by which change, and the effect of arming watches again or removing them.
 */
import { expect } from 'vitest'
import { matrix } from '../matrix.ts'
import * as op from '../operations.ts'
import type { RawSession } from '../rawSession.ts'
import { type Case, conformance } from '../suite.ts'

type Arm = (session: RawSession, path: string) => Promise<unknown>

const arms: Record<string, Arm> = {
  none: async () => {},
  exists: (session, path) => session.do(op.exists(path, true)),
  getData: (session, path) => session.do(op.getData(path, true)),
  getChildren: (session, path) => session.do(op.getChildren(path, true)),
  getChildren2: (session, path) => session.do(op.getChildren2(path, true)),
  'exists twice': async (session, path) => {
    await session.do(op.exists(path, true))
    await session.do(op.exists(path, true))
  },
  'getData and getChildren': async (session, path) => {
    await session.do(op.getData(path, true))
    await session.do(op.getChildren(path, true))
  },
  persistent: (session, path) => session.must(op.addWatch(path, 0)),
  recursive: (session, path) => session.must(op.addWatch(path, 1)),
  'persistent twice': async (session, path) => {
    await session.must(op.addWatch(path, 0))
    await session.must(op.addWatch(path, 0))
  },
  'persistent, then recursive': async (session, path) => {
    await session.must(op.addWatch(path, 0))
    await session.must(op.addWatch(path, 1))
  },
  'recursive, then persistent': async (session, path) => {
    await session.must(op.addWatch(path, 1))
    await session.must(op.addWatch(path, 0))
  },
  'persistent, then getData': async (session, path) => {
    await session.must(op.addWatch(path, 0))
    await session.do(op.getData(path, true))
  },
  'getData, then persistent': async (session, path) => {
    await session.do(op.getData(path, true))
    await session.must(op.addWatch(path, 0))
  },
  'recursive, then getChildren': async (session, path) => {
    await session.must(op.addWatch(path, 1))
    await session.do(op.getChildren(path, true))
  },
  'recursive, then getData below': async (session, path) => {
    await session.must(op.addWatch(path, 1))
    await session.do(op.getData(`${path}/old`, true))
  },
}

/** ZOOKEEPER-4466, fixed in 3.9: a watch manager of 3.8 has one mode for a connection and a path. */
const ONE_MODE =
  'of two kinds of watch on one path, in one table of the server, the one set later is in force'
const surprises = Object.fromEntries(
  [
    'persistent, then recursive',
    'recursive, then persistent',
    'persistent, then getData',
    'getData, then persistent',
    'recursive, then getChildren',
    'all five',
  ].map((row) => [row, ONE_MODE]),
)

/** Cells in which our members behave as 3.9 does. */
const differences = Object.fromEntries(
  Object.keys(surprises).map((row) => [
    row,
    'kinds of watch on one path do not replace each other (ZOOKEEPER-4466)',
  ]),
)
const byKind = 'children and data mean one-shot watches, as in 3.9'
const kindsOf39 = {
  'persistent (3.9)': 'our members know the kinds that 3.9 adds',
  'recursive (3.9)': 'our members know the kinds that 3.9 adds',
  children: byKind,
  data: byKind,
}

type Change = (session: RawSession, path: string, at: Case) => Promise<unknown>

/** Changes of `/n` with its child `/n/old`, or of nothing. */
const changes: Record<string, Change> = {
  nothing: async () => {},
  'a child is created': (session, path) => session.must(op.create(`${path}/new`)),
  'a child is deleted': (session, path) => session.must(op.remove(`${path}/old`)),
  'a child is changed': (session, path) => session.must(op.setData(`${path}/old`)),
  'a grandchild is created': (session, path) => session.must(op.create(`${path}/old/new`)),
  'its data is set': (session, path) => session.must(op.setData(path)),
  'its data is set to what it is': (session, path) => session.must(op.setData(path, 'x')),
  'its data is set twice': async (session, path) => {
    await session.must(op.setData(path))
    await session.must(op.setData(path))
  },
  'its ACL is set': (session, path) => session.must(op.setAcl(path)),
  'it is deleted with its child': async (session, path) => {
    await session.must(op.remove(`${path}/old`))
    await session.must(op.remove(path))
  },
  'it is deleted and created': async (session, path) => {
    await session.must(op.remove(`${path}/old`))
    await session.must(op.remove(path))
    await session.must(op.create(path))
  },
  'all in one multi': (session, path) =>
    session.must(
      op.multi(
        op.setData(path),
        op.create(`${path}/new`),
        op.setData(`${path}/new`),
        op.remove(`${path}/old`),
        op.remove(`${path}/new`),
        op.remove(path),
      ),
    ),
  'a multi fails': (session, path) =>
    session.must(op.multi(op.setData(path), op.create(`${path}/new`), op.check(path, 77))),
  'a request fails': (session, path) => session.do(op.setData(path, 'x', 77)),
  'an ephemeral child goes with its session': async (_, path, at) => {
    const other = await at.open()
    await other.must(op.create(`${path}/e`, { flags: op.Flag.ephemeral }))
    await other.close()
  },
  'a sequential child is created': (session, path) =>
    session.must(op.create(`${path}/s-`, { flags: op.Flag.sequential })),
  'its sibling is created': (session, path) => session.must(op.create(`${path}-sibling`)),
}

for (const watcher of ['another client', 'the client itself'] as const)
  matrix(`what a watch hears when ${watcher} changes a znode`, {
    table: `watches by ${watcher}`.replaceAll(' ', '-'),
    rows: arms,
    surprises,
    differences,
    columns: changes,
    // Only the author of the change differs; to compare that, one watch of each kind is enough.
    skip: (row) =>
      watcher === 'the client itself' &&
      !['exists', 'getData', 'getChildren', 'persistent', 'recursive'].includes(row),
    async observe(at, arm, change) {
      const path = `${at.root}/n`
      const maker = await at.open({ address: at.elsewhere })
      await maker.must(op.create(path, { data: 'x' }))
      await maker.must(op.create(`${path}/old`))
      const session = await at.open()
      await session.settle()
      await arm(session, path)
      await change(watcher === 'another client' ? maker : session, path, at)
      await maker.settle()
      await session.settle()
      return session.takeEvents()
    },
  })

const births: Record<string, Change> = {
  nothing: async () => {},
  'it is created': (session, path) => session.must(op.create(path)),
  'it is created and changed': async (session, path) => {
    await session.must(op.create(path))
    await session.must(op.setData(path))
  },
  'it is created and gets a child': async (session, path) => {
    await session.must(op.create(path))
    await session.must(op.create(`${path}/child`))
  },
  'it is created and deleted': async (session, path) => {
    await session.must(op.create(path))
    await session.must(op.remove(path))
  },
  'it is created and deleted in one multi': (session, path) =>
    session.must(op.multi(op.create(path), op.remove(path))),
  'it is created by a create2': (session, path) => session.must(op.create2(path)),
  'it is created as a container': (session, path) => session.must(op.createContainer(path)),
  'it is created as an ephemeral': (session, path) =>
    session.must(op.create(path, { flags: op.Flag.ephemeral })),
}

matrix('what a watch on no znode hears when', {
  table: 'watches-on-nothing',
  rows: arms,
  surprises,
  differences,
  columns: births,
  async observe(at, arm, change) {
    const path = `${at.root}/n`
    const session = await at.open()
    const maker = await at.open({ address: at.elsewhere })
    await arm(session, path)
    await change(maker, path, at)
    await maker.settle()
    await session.settle()
    return session.takeEvents()
  },
})

const tables = {
  data: (path: string) => ({ data: [path] }),
  exist: (path: string) => ({ exist: [path] }),
  child: (path: string) => ({ child: [path] }),
  'data, exist and child': (path: string) => ({ data: [path], exist: [path], child: [path] }),
  persistent: (path: string) => ({ persistent: [path] }),
  recursive: (path: string) => ({ recursive: [path] }),
  'all five': (path: string) => ({
    data: [path],
    exist: [path],
    child: [path],
    persistent: [path],
    recursive: [path],
  }),
  'data twice': (path: string) => ({ data: [path, path] }),
}

const missed = { ...changes, 'it never was': async () => {} } as Record<string, Change>

for (const [request, rearm] of Object.entries({ setWatches: op.setWatches, setWatches2: op.setWatches2 }))
  matrix(`${request} tells at once what was missed, and what comes then, after`, {
    table: `catch-up-${request}`,
    rows: tables,
    surprises,
    differences,
    columns: missed,
    skip: (row) => request === 'setWatches' && ['persistent', 'recursive', 'all five'].includes(row),
    async observe(at, table, change) {
      const path = `${at.root}/n`
      const maker = await at.open()
      const isThere = change !== missed['it never was']
      if (isThere) {
        await maker.must(op.create(path, { data: 'x' }))
        await maker.must(op.create(`${path}/old`))
      }
      const { zxid } = await maker.do(op.sync('/'))
      await change(maker, path, at)
      await maker.settle()
      const session = await at.open()
      await session.do(rearm(zxid, table(path)))
      const missedEvents = session.takeEvents().sort()
      await maker.do(op.create(path))
      await maker.do(op.setData(path))
      await maker.do(op.create(`${path}/later`))
      await session.settle()
      return [...missedEvents, '- then', ...session.takeEvents()]
    },
  })

const kinds = {
  '-1': -1,
  none: 0,
  children: 1,
  data: 2,
  any: 3,
  'persistent (3.9)': 4,
  'recursive (3.9)': 5,
  '6': 6,
  '99': 99,
}

for (const [request, ask] of Object.entries({
  checkWatches: op.checkWatches,
  removeWatches: op.removeWatches,
}))
  matrix(`${request} of the kind`, {
    table: request,
    rows: arms,
    surprises,
    columns: kinds,
    differences: { ...differences, ...kindsOf39 },
    /** The answer, and the events afterwards. */
    async observe(at, arm, kind) {
      const path = `${at.root}/n`
      const session = await at.open()
      await session.must(op.create(path, { data: 'x' }))
      await session.must(op.create(`${path}/old`))
      await arm(session, path)
      const answer = await session.do(ask(path, kind))
      await session.do(op.setData(`${path}/old`))
      await session.do(op.setData(path))
      await session.do(op.create(`${path}/new`))
      return [answer.outcome, ...session.takeEvents()]
    },
  })

matrix('addWatch of the mode', {
  table: 'addWatch',
  rows: {
    'a znode': (root: string) => `${root}/n`,
    'no znode': (root: string) => `${root}/none`,
    'the empty path': () => '',
    'a relative path': () => 'relative',
    'a znode that forbids all': (root: string) => `${root}/locked`,
  },
  columns: { '-1': -1, '0': 0, '1': 1, '2': 2, '3': 3, '2147483647': 2147483647 },
  async observe(at, path, mode) {
    const session = await at.open()
    await session.must(op.create(`${at.root}/n`))
    await session.must(op.create(`${at.root}/locked`, { acl: [[0, 'world', 'anyone']] }))
    const { outcome, value } = await session.do(op.addWatch(path(at.root), mode))
    return outcome === 'ok' ? `ok, ${value.err}` : outcome
  },
})

conformance('checkWatches', 'plain', (it) => {
  for (const [name, arm] of Object.entries({
    exists: (path: string) => op.exists(path, true),
    persistent: (path: string) => op.addWatch(path, 0),
  }))
    it(
      `of another client's watch: ${name}`,
      async (at) => {
        const [session, other] = [await at.open(), await at.open()]
        await other.must(arm(at.root))
        expect((await session.do(op.checkWatches(at.root, 3))).outcome).toBe('ok')
      },
      {
        surprise: 'a watch of any client on the path counts',
        differs: 'we answer what is asked: whether this client has one',
      },
    )
})
