/**
 * What would make a transaction that no learner could read is refused before it is proposed. Apache 3.8.0 proposes it,
 * its learners cannot read it, and neither can the leader when it starts again.
 */
import { expect, test } from 'vitest'
import { Replies } from '../../../src/core/requests/replies.ts'
import type { Acl } from '../../../src/protocol/records/data.ts'
import { WriteLimitError, type Writer } from '../../../src/protocol/writer.ts'
import { ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import { type Ask, acl, auth, connectFrame, converse, create, framed, multi, say } from './conversation.ts'
import { CoreServer } from './coreServer.ts'

/** A small one, so that little suffices. */
const juteMaxBuffer = 64 * 1024
const MOST = 4 * juteMaxBuffer

/** Eight ids of four thousand bytes. */
const proofs = Array.from({ length: 8 }, (_, i) => auth('digest', `${'u'.repeat(4000)}${i}:p`))
/** Each stands for all of them. */
const allIds = (times: number): Acl[] => Array.from({ length: times }, (_, i) => acl(i + 1, 'auth', ''))

const largest = ({ transactions }: CoreServer) =>
  Math.max(
    ...transactions.map(({ body }) => JSON.stringify(body, (_, v) => (typeof v === 'bigint' ? 0 : v)).length),
  )

async function replies(server: CoreServer, ...asks: Parameters<typeof say>[1][]): Promise<string[]> {
  const said = await converse(server, [say('a', ...asks)])
  return said.filter((line) => line.startsWith('a < '))
}

test('an ACL that stands for all ids of a client again and again', async () => {
  const server = new CoreServer({ juteMaxBuffer })
  const said = await replies(
    server,
    ...proofs,
    create('/few', '', 0, allIds(2)),
    create('/many', '', 0, allIds(30)),
    create('/after'),
  )
  expect(said.at(-3)).toContain('err 0')
  expect(said.at(-2)).toContain('err -5')
  expect(said.at(-1)).toContain('err 0')
  expect(largest(server)).toBeLessThan(MOST)
})

test('a multi whose parts together become too large leaves nothing', async () => {
  const server = new CoreServer({ juteMaxBuffer })
  const parts = Array.from({ length: 30 }, (_, i) => create(`/${i}`, '', 0, allIds(1)))
  const said = await replies(server, ...proofs, multi(...parts), create('/0'))
  expect(said.at(-2)).toContain('err -5')
  expect(said.at(-1)).toContain('err 0')
  expect(largest(server)).toBeLessThan(MOST)
})

test('ids that would not fit a request to the leader end their connection', async () => {
  const server = new CoreServer({ juteMaxBuffer })
  // Counted as they travel: three bytes for each of these characters.
  const wide = Array.from({ length: 8 }, (_, i) => auth('digest', `${'\u20ac'.repeat(3000)}${i}:p`))
  const said = await converse(server, [say('a', ...wide)])
  expect(said.at(-1)).toContain('closed')
})

/** As `converse`, without the text of it, which takes its time for names of a mebibyte: the error of each reply. */
async function errorsOf(server: CoreServer, ...asks: Ask[]): Promise<number[]> {
  const line = server.dial()
  line.send(connectFrame())
  await line.receive()
  const errors: number[] = []
  for (const [xid, { type, body }] of asks.entries()) {
    const head = Buffer.alloc(8)
    head.writeInt32BE(xid + 1)
    head.writeInt32BE(type, 4)
    line.send(framed(Buffer.concat([head, body])))
    errors.push((await line.receive())?.readInt32BE(12) ?? 1)
  }
  return errors
}

const longName = (i: number) => `${i}${'n'.repeat(1_000_000)}`

test('ephemerals whose names would not fit one closeSession', async () => {
  const server = new CoreServer()
  const asks = Array.from({ length: 70 }, (_, i) => create(`/${longName(i)}`, '', 1))
  const errors = await errorsOf(server, ...asks, create('/after'))
  expect(errors.filter((err) => err === 0)).toHaveLength(68)
  expect(errors.slice(67, 70)).toEqual([-5, -5, -5])
  const { tree } = server.core.replica.database
  expect(tree.ephemeralsCount).toBe(67)
})

test('a body that outgrows a reply leaves nothing behind', () => {
  const replies = new Replies()
  const piece = Buffer.alloc(1024 * 1024)
  const tooMuch = (writer: Writer) => {
    for (let i = 0; i < 130; i++) writer.buffer(piece)
  }
  expect(() => replies.withBody(1, ZERO_ZXID, tooMuch)).toThrow(WriteLimitError)
  expect(replies.header(2, ZERO_ZXID, 0).length).toBe(20)
})
