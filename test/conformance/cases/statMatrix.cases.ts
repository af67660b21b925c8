/** Generated: the Stat of a znode and of its parent, before and after each kind of change. */
import type { WireStat } from '../jute.ts'
import { matrix } from '../matrix.ts'
import * as op from '../operations.ts'
import type { RawSession } from '../rawSession.ts'

type Change = (session: RawSession, path: string) => Promise<unknown>

const steps =
  (...operations: ((path: string) => op.Operation)[]): Change =>
  async (session, path) => {
    for (const operation of operations) await session.do(operation(path))
  }

const nodes: Record<string, (path: string) => op.Operation> = {
  'a persistent znode': (path) => op.create(path, { data: 'abc' }),
  'a znode without data': (path) => op.create(path, { data: null }),
  'an ephemeral': (path) => op.create(path, { flags: op.Flag.ephemeral }),
  'a container': (path) => op.createContainer(path),
}

const changes: Record<string, Change> = {
  nothing: steps(),
  setData: steps((path) => op.setData(path, 'longer')),
  'setData to null': steps((path) => op.setData(path, null)),
  'setData of the same': steps((path) => op.setData(path, 'abc')),
  'setData three times': steps(op.setData, op.setData, op.setData),
  'setData that fails': steps((path) => op.setData(path, 'x', 9)),
  setAcl: steps((path) => op.setAcl(path)),
  'setAcl twice': steps(
    (path) => op.setAcl(path),
    (path) => op.setAcl(path),
  ),
  'a child created': steps((path) => op.create(`${path}/c`)),
  'three children created': steps(
    (path) => op.create(`${path}/a`),
    (path) => op.create(`${path}/b`),
    (path) => op.create(`${path}/c`),
  ),
  'a child created and deleted': steps(
    (path) => op.create(`${path}/c`),
    (path) => op.remove(`${path}/c`),
  ),
  'a child created that exists': steps(
    (path) => op.create(`${path}/c`),
    (path) => op.create(`${path}/c`),
  ),
  'a child changed': steps(
    (path) => op.create(`${path}/c`),
    (path) => op.setData(`${path}/c`),
  ),
  'a grandchild created': steps(
    (path) => op.create(`${path}/c`),
    (path) => op.create(`${path}/c/d`),
  ),
  'sequential children': steps(
    (path) => op.create(`${path}/s-`, { flags: 2 }),
    (path) => op.create(`${path}/s-`, { flags: 2 }),
  ),
  'a multi of two children': steps((path) => op.multi(op.create(`${path}/a`), op.create(`${path}/b`))),
  'a multi of a child and data': steps((path) => op.multi(op.create(`${path}/a`), op.setData(path))),
  'a multi of a child created and deleted': steps((path) =>
    op.multi(op.create(`${path}/a`), op.remove(`${path}/a`)),
  ),
  'a multi that fails': steps((path) =>
    op.multi(op.create(`${path}/a`), op.setData(path), op.check(path, 99)),
  ),
  'an ephemeral child deleted': steps(
    (path) => op.create(`${path}/e`, { flags: 1 }),
    (path) => op.remove(`${path}/e`),
  ),
  'deleted and created again': steps(
    (path) => op.remove(path),
    (path) => op.create(path),
  ),
  reads: steps(
    (path) => op.getData(path, true),
    (path) => op.getChildren(path, true),
    op.getAcl,
    op.sync,
  ),
}

matrix('the Stat of', {
  table: 'stats',
  rows: nodes,
  columns: changes,
  async observe(at, make, change) {
    // The sessions run one after the other: zxids between their requests would be those of other cases.
    const session = await at.open()
    const path = `${at.root}/n`
    await session.must(make(path))
    await change(session, path)
    const own = await session.do(op.exists(path))
    const above = await session.must(op.exists(at.root))
    return [`itself: ${shown(own.value?.stat, session)}`, `parent: ${shown(above.stat, session)}`]
  },
})

/** The Stat with zxids replaced by their order, because the requests of other cases take zxids in between. */
function shown(stat: WireStat | undefined, session: RawSession): string {
  if (stat === undefined) return 'none'
  const zxids = [stat.czxid, stat.mzxid, stat.pzxid]
  const order = [...new Set(zxids)].sort((a, b) => (a < b ? -1 : 1))
  const [czxid, mzxid, pzxid] = zxids.map((zxid) => order.indexOf(zxid))
  const owner =
    stat.ephemeralOwner === 0n ? 'nobody' : stat.ephemeralOwner === session.sessionId ? 'itself' : 'another'
  const times =
    stat.ctime === stat.mtime ? 'ctime=mtime' : stat.ctime < stat.mtime ? 'ctime<=mtime' : 'ctime>mtime'
  return (
    `czxid ${czxid} mzxid ${mzxid} pzxid ${pzxid} version ${stat.version} cversion ${stat.cversion} ` +
    `aversion ${stat.aversion} owner ${owner} dataLength ${stat.dataLength} numChildren ${stat.numChildren} ` +
    `${times === 'ctime>mtime' ? times : 'ctime<=mtime'}`
  )
}
