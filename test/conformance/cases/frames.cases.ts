/** Generated: requests that are cut short, too long, or of an unknown type; and frames that are not valid. */
import { JuteWriter } from '../jute.ts'
import { matrix } from '../matrix.ts'
import * as op from '../operations.ts'
import type { RawSession } from '../rawSession.ts'

const requests: Record<string, (path: string) => op.Operation> = {
  create: (path) => op.create(path),
  create2: (path) => op.create2(path),
  createContainer: (path) => op.createContainer(path),
  delete: (path) => op.remove(path),
  exists: (path) => op.exists(path),
  getData: (path) => op.getData(path),
  setData: (path) => op.setData(path),
  getAcl: (path) => op.getAcl(path),
  setAcl: (path) => op.setAcl(path),
  getChildren: (path) => op.getChildren(path),
  getChildren2: (path) => op.getChildren2(path),
  sync: (path) => op.sync(path),
  multi: (path) => op.multi(op.setData(path)),
  multiRead: (path) => op.multiRead(op.getData(path)),
  reconfig: () => op.reconfig(null, null, null),
  checkWatches: (path) => op.checkWatches(path, 3),
  removeWatches: (path) => op.removeWatches(path, 3),
  getEphemerals: (path) => op.getEphemerals(path),
  getAllChildrenNumber: (path) => op.getAllChildrenNumber(path),
  addWatch: (path) => op.addWatch(path, 0),
  whoAmI: () => op.whoAmI(),
  setWatches: (path) => op.setWatches(0n, { data: [path] }),
  setWatches2: (path) => op.setWatches2(0n, { data: [path] }),
  auth: () => op.auth('digest', 'fred:secret'),
}

const withBody = (operation: op.Operation, body: Buffer): op.Operation => ({
  ...operation,
  body,
  read: () => null,
})
const damages: Record<string, (operation: op.Operation) => op.Operation> = {
  'without its body': (o) => withBody(o, Buffer.alloc(0)),
  'without its last byte': (o) => withBody(o, o.body.subarray(0, Math.max(0, o.body.length - 1))),
  'without its last four bytes': (o) => withBody(o, o.body.subarray(0, Math.max(0, o.body.length - 4))),
  'with bytes behind it': (o) => withBody(o, Buffer.concat([o.body, Buffer.from('more')])),
  'with a first length of -2': (o) => withBody(o, patched(o.body, -2)),
  'with a first length of 2^31-1': (o) => withBody(o, patched(o.body, 2 ** 31 - 1)),
  'with a first length one too long': (o) => withBody(o, patched(o.body, o.body.length)),
}

function patched(body: Buffer, length: number): Buffer {
  const bytes = Buffer.from(body)
  if (bytes.length >= 4) bytes.writeInt32BE(length)
  return bytes
}

matrix('each request', {
  table: 'damaged',
  rows: requests,
  columns: damages,
  // Apache's leader dies of a reconfig that it cannot decode: its PrepRequestProcessor ends, and the ensemble
  // with it.
  skip: (row, column) => row === 'reconfig' && column !== 'with bytes behind it',
  async observe(at, request, damage) {
    const session = await at.open()
    await session.must(op.create(`${at.root}/n`))
    return afterwards(session, damage(request(`${at.root}/n`)))
  },
})

const types = [-100, -12, -2, -1, 0, 10, 20, 23, 24, 50, 99, 108, 109, 200, 1000, 2147483647, -2147483648]

matrix('requests of the type', {
  table: 'types',
  rows: Object.fromEntries(types.map((type) => [String(type), type])),
  columns: {
    'without a body': () => Buffer.alloc(0),
    'with a path': (path: string) => new JuteWriter().buffer(path).int(0).bytes(),
  },
  async observe(at, type, body) {
    const session = await at.open()
    return afterwards(session, op.raw(type, body(at.root)))
  },
})

const parts: Record<string, (path: string) => op.Operation> = {
  ...Object.fromEntries(
    [-1, 0, 3, 4, 6, 7, 8, 9, 11, 12, 14, 16, 20, 22, 99, 100, 106].map((type) => [
      `type ${type}`,
      (path: string): op.Operation => op.raw(type, new JuteWriter().buffer(path).int(0).int(0).bytes()),
    ]),
  ),
  exists: (path) => op.exists(path),
  getData: (path) => op.getData(path),
  getChildren: (path) => op.getChildren(path),
  setData: (path) => op.setData(path),
  create: (path) => op.create(`${path}/new`),
}

matrix('parts of a request', {
  table: 'parts',
  rows: parts,
  columns: { 'in a multi': op.multi, 'in a multiRead': op.multiRead },
  async observe(at, part, group) {
    const session = await at.open()
    return afterwards(session, group(part(at.root)))
  },
})

/** The answer, and whether the connection stays open. */
async function afterwards(session: RawSession, operation: op.Operation): Promise<string> {
  const answer = await session.do(operation)
  if (answer.outcome === 'closed') return 'closed'
  const results = (answer.value?.results as op.PartResult[] | undefined)?.map(({ err }) => op.errorText(err))
  const said = results === undefined ? answer.outcome : `${answer.outcome} [${results}]`
  const zxid = answer.zxid === -1n ? ', zxid -1' : ''
  // A server that closes the connection does so after its answer.
  const next = await session.do(op.exists('/'))
  return `${said}${zxid}${next.outcome === 'ok' ? '' : `, then ${next.outcome}`}`
}
