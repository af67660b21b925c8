/**
 * No transaction is larger than what Apache reads of one. Apache 3.8.0 itself proposes it: its followers
 * leave, its leader ends, and does not start again with what stands in its log.
 */
import { expect, test } from 'vitest'
import { Replies } from '../../../src/core/clients/replies.ts'
import { OpCode } from '../../../src/protocol/opcodes.ts'
import type { Acl } from '../../../src/protocol/records/data.ts'
import { encodeTransaction } from '../../../src/protocol/transaction.ts'
import { WriteLimitError, type Writer } from '../../../src/protocol/writer.ts'
import { ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import {
  type Ask,
  acl,
  auth,
  close,
  connectFrame,
  converse,
  create,
  framed,
  multi,
  say,
} from './conversation.ts'
import { CoreServer } from './coreServer.ts'

/** A small one, so that little suffices. */
const juteMaxBuffer = 64 * 1024
const MOST = 2 * juteMaxBuffer

/** Eight ids of four thousand bytes. */
const proofs = Array.from({ length: 8 }, (_, i) => auth('digest', `${'u'.repeat(4000)}${i}:p`))
/** Each stands for all of them. */
const allIds = (times: number): Acl[] => Array.from({ length: times }, (_, i) => acl(i + 1, 'auth', ''))

const largest = ({ transactions }: CoreServer) =>
  Math.max(...transactions.map((transaction) => encodeTransaction(transaction).length))

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

test.each([
  ['smaller than jute.maxbuffer', 20_000, juteMaxBuffer + 20_000],
  ['larger', 3 * juteMaxBuffer, 4 * juteMaxBuffer],
  ['less than Apache ever takes', 0, juteMaxBuffer + 1024],
])('jute.maxbuffer.extrasize is followed: %s', async (_, juteMaxBufferExtraSize, most) => {
  const server = new CoreServer({ juteMaxBuffer, juteMaxBufferExtraSize })
  await errorsOf(server, create('/0', ''))
  const around = largest(server)
  const errors = await errorsOf(
    server,
    create('/1', 'd'.repeat(most - around)),
    create('/2', 'd'.repeat(most - around + 1)),
  )
  expect(errors).toEqual([0, -5])
  expect(largest(server)).toBe(most)
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

/**
 * As `converse`, without the text of it, which takes its time for names of a mebibyte: the error of each
 * reply.
 */
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

test('bytes that are no UTF-8 take three times their room', async () => {
  const server = new CoreServer({ juteMaxBuffer })
  // The ACL alone would still have room, the data beside it does not.
  const { type, body } = create('/p', 'd'.repeat(20_000), 0, [acl(31, 'digest', `${'x'.repeat(40_000)}:h`)])
  const notUtf8 = Buffer.from(body.map((byte) => (byte === 0x78 ? 0xff : byte)))
  expect(await errorsOf(server, { type, body: notUtf8, text: 'create' }, create('/p'))).toEqual([-5, 0])
  expect(largest(server)).toBeLessThan(MOST)
})

test('a session whose ephemerals have names beyond one transaction ends without naming them', async () => {
  const server = new CoreServer({ juteMaxBuffer })
  const names = Array.from({ length: 3 }, (_, i) => `/${i}${'n'.repeat(50_000)}`)
  await errorsOf(server, ...names.map((name) => create(name, '', 1)), create('/stays'), close)
  const last = server.transactions.at(-1)
  expect(last?.body).toEqual({ type: OpCode.closeSession, record: { paths2Delete: undefined } })
  // An Apache that expects names would take a digest for them.
  expect(last?.digest).toBeUndefined()
  const { tree } = server.core.replica.database
  expect([tree.ephemeralsCount, tree.node('/stays') === undefined]).toEqual([0, false])
  // The digest of what comes next says that preparing and applying agree.
  await errorsOf(server, create('/next'))
  expect(server.transactions.at(-1)?.digest?.treeDigest).toBe(tree.digest)
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
