/**
 * Bad input at the client, election and quorum port: the connection is closed and the member is unharmed. The
 * member serves before and after, in the same epoch under the same leader, and does not use more memory
 * afterwards.
 */
import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FrameParser } from '../../src/protocol/frames.ts'
import { wrongBytes } from '../fuzz/mutations.ts'
import { recordConversations } from '../fuzz/recorded.ts'
import { seed } from '../fuzz/seed.ts'
import {
  allServe,
  describeEngines,
  leaderOf,
  type TestEnsemble,
  type TestMember,
} from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/fourLetterWord.ts'
import { type HostileCase, hostileInput, type PortKind } from '../support/hostileInput.ts'
import { memoryBytes } from '../support/procfs.ts'
import { RawClient, ReplyError } from '../support/rawClient.ts'
import { connectRequest, frame, int, opcode, request } from '../support/wire.ts'

const CHECK = 13

/** How long a member may take to close: well above what a busy machine needs, and below any idle timeout. */
const closesWithinMs = 5000

describeEngines('bad input', (start, engine) => {
  let ensemble: TestEnsemble
  let leader: TestMember
  beforeAll(async () => {
    ensemble = await start()
    await allServe(ensemble.members)
    leader = await leaderOf(ensemble)
  })
  afterAll(() => ensemble?.[Symbol.asyncDispose]())

  const portOf = (kind: PortKind, member: TestMember): number => member[`${kind}Port`]
  /** Only the leader listens on its quorum port; the other two kinds are also tried at a follower. */
  const targets = (kind: PortKind): TestMember[] => {
    const follower = ensemble.members.find(({ id }) => id !== leader.id) as TestMember
    return kind === 'quorum' ? [leader] : [leader, follower]
  }

  for (const kind of Object.keys(hostileInput) as PortKind[]) {
    describe(`at the ${kind} port`, () => {
      for (const hostile of hostileInput[kind]) {
        it(`survives ${hostile.name}`, async () => {
          for (const member of targets(kind)) {
            const epoch = await epochAt(member)
            const end = await send(portOf(kind, member), hostile, { thenEnd: true })
            expect(end).toBe('closed')
            expect(await epochAt(member)).toBe(epoch)
          }
          expect(await leaderOf(ensemble)).toEqual(leader)
        })
      }
    })
  }

  it('closes without waiting for the end of the input', async () => {
    // A broken peer does not close its side, so a member must not wait when the input is plainly wrong.
    const plainlyWrong = ['a frame of 2 GiB', 'a frame of negative length', 'a notification of 2 GiB']
    plainlyWrong.push('an address of 2 GiB', 'a packet whose data claims 2 GiB', 'a request of unknown type')
    for (const kind of Object.keys(hostileInput) as PortKind[]) {
      for (const hostile of hostileInput[kind].filter(({ name }) => plainlyWrong.includes(name))) {
        const end = await send(portOf(kind, leader), hostile, { thenEnd: false })
        expect(end, `${hostile.name} at the ${kind} port`).toBe('closed')
      }
    }
  })

  it('refuses strangers that keep their connection open', async (context) => {
    if (engine === 'apache') context.skip('Apache ZooKeeper lets unknown ids stay connected')
    for (const kind of ['election', 'quorum'] as const) {
      for (const hostile of hostileInput[kind].filter(({ name }) => name.startsWith('an unknown id'))) {
        const end = await send(portOf(kind, leader), hostile, { thenEnd: false })
        expect(end, `${hostile.name} at the ${kind} port`).toBe('closed')
      }
    }
  })

  it('answers a four-letter word whatever follows it', async () => {
    const follower = targets('client')[1] as TestMember
    for (const tail of [Buffer.alloc(0), Buffer.from('\n'), Buffer.alloc(5000, 7), int(0x7fffffff)])
      expect(await exchange(follower.clientPort, [Buffer.concat([Buffer.from('ruok'), tail])])).toBe('imok')
  })

  it('serves others while many connections send nothing, or one byte at a time', {
    timeout: 60_000,
  }, async () => {
    const epoch = await epochAt(leader)
    const idle = Array.from({ length: 40 }, () => connect({ port: leader.clientPort, host: '127.0.0.1' }))
    const bytes = connectRequest(10_000)
    try {
      for (const socket of idle) socket.on('error', () => {})
      for (let at = 0; at < bytes.length - 1; at++) {
        for (const socket of idle.slice(0, 20)) socket.write(bytes.subarray(at, at + 1))
        if (at % 10 === 0) expect(await epochAt(leader)).toBe(epoch)
      }
      // Strangers at the other ports may be just as silent.
      for (const port of [leader.electionPort, leader.quorumPort])
        for (let n = 0; n < 20; n++) idle.push(connect({ port, host: '127.0.0.1' }).on('error', () => {}))
      expect(await epochAt(leader)).toBe(epoch)
      expect(await leaderOf(ensemble)).toEqual(leader)
    } finally {
      for (const socket of idle) socket.destroy()
    }
  })

  it('serves and agrees after damaged conversations with every member', {
    timeout: 120_000,
  }, async (context) => {
    // Verified with Apache 3.8.0: its members are lost on the way, for example to a top-level check, which is
    // one flipped bit away.
    if (engine === 'apache') context.skip('Apache ZooKeeper does not survive all of them')
    const epoch = await epochAt(leader)
    const { frames } = await recordConversations()
    const requests = frames.filter(({ isConnect }) => !isConnect).map(({ frame }) => frame)
    // A check outside a multi would end Apache's followers.
    const wrong = wrongBytes(requests).filter((frame) => frame.length < 8 || frame.readInt32BE(4) !== CHECK)
    const conversation = fc.array(wrong, { minLength: 1, maxLength: 6 })
    const samples = fc.sample(conversation, { numRuns: 200, seed })
    try {
      for (const [index, damaged] of samples.entries()) {
        const { clientPort } = ensemble.members[index % 3] as TestMember
        await converse(clientPort, [connectRequest(10_000), ...damaged.map((bytes) => frame(bytes))])
      }
      for (const member of ensemble.members) expect(await epochAt(member)).toBe(epoch)
      const trees = await Promise.all(ensemble.members.map(({ clientPort }) => treeAt(clientPort)))
      expect(trees[1]).toEqual(trees[0])
      expect(trees[2]).toEqual(trees[0])
    } catch (error) {
      throw new Error(`with ZK_PSEUDO_SEED=${seed}`, { cause: error })
    }
  })

  it('reserves no memory for data that is only announced', { timeout: 60_000 }, async (context) => {
    const before = memoryBytes(ensemble.pids())
    if (before === null) context.skip('no /proc here: memory cannot be read')
    const announcing = Object.entries(hostileInput).flatMap(([kind, cases]) =>
      cases
        .filter(({ name }) => /2 GiB|billion/.test(name))
        .map((hostile) => ({ kind: kind as PortKind, hostile })),
    )
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        announcing.map(({ kind, hostile }) => send(portOf(kind, leader), hostile, { thenEnd: true })),
      )
    }
    // There are 80 announcements of 2 GiB; a hundredth of the announced size would already exceed this.
    const grown = (memoryBytes(ensemble.pids()) as number) - (before as number)
    expect(grown).toBeLessThan(300 * 2 ** 20)
    await epochAt(leader)
    expect(await leaderOf(ensemble)).toEqual(leader)
  })
})

describeEngines('a flood of connections', (start, engine) => {
  it('is limited by maxClientCnxns, and has no effect once it ends', { timeout: 60_000 }, async () => {
    await using ensemble = await start({ set: { maxClientCnxns: '10' } })
    await allServe(ensemble.members)
    const [{ clientPort }] = ensemble.members as [TestMember]
    const before = await eventually('no connection but ours', async () => {
      const count = await connectionsAt(clientPort)
      return count === 1 ? count : undefined
    })
    for (let round = 0; round < 3; round++) {
      const flood = Array.from({ length: 100 }, () => connect({ port: clientPort, host: '127.0.0.1' }))
      const closed = new Set<Socket>()
      for (const socket of flood) {
        socket.on('error', () => {})
        socket.on('close', () => closed.add(socket))
        socket.resume()
        socket.write(connectRequest(10_000).subarray(0, 9))
      }
      await eventually('the surplus to be closed', () => closed.size >= 90)
      // Apache may still count the connections of the round before, and close all.
      if (engine === 'zk-pseudo') expect(closed.size).toBeLessThanOrEqual(91)
      for (const socket of flood) socket.destroy()
      const after = await eventually('room for others', async () => {
        const count = await connectionsAt(clientPort).catch(() => null)
        return count === before ? count : undefined
      })
      expect(after).toBe(before)
    }
    const client = await RawClient.open(clientPort)
    await client.create('/after', 'x')
    await client.close()
  })
})

/** The number of connections as the member counts them, including the one that asks. */
async function connectionsAt(port: number): Promise<number> {
  return Number(/Connections: (\d+)/.exec(await ask(port, 'srvr'))?.[1] ?? -1)
}

/** Sends everything at once; resolves to what was received once the member has closed the connection. */
async function exchange(port: number, sends: readonly Buffer[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  const received: Buffer[] = []
  let closed = false
  socket.on('data', (chunk) => received.push(chunk))
  socket.on('close', () => {
    closed = true
  })
  socket.on('error', () => {})
  for (const bytes of sends) socket.write(bytes)
  try {
    await eventually('the connection to be closed', () => closed, { timeoutMs: closesWithinMs })
  } finally {
    socket.destroy()
  }
  return Buffer.concat(received).toString()
}

/** Sends all frames in one go, and hangs up once a ping after them is answered or the member has closed. */
async function converse(port: number, frames: readonly Buffer[]): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  const parser = new FrameParser(4 * 1024 * 1024)
  let isOver = false
  socket.on('data', (chunk) =>
    parser.push(chunk, (reply) => {
      if (reply.length === 16 && reply.readInt32BE(0) === -2) isOver = true
    }),
  )
  socket.on('close', () => {
    isOver = true
  })
  socket.on('error', () => {})
  socket.write(Buffer.concat([...frames, request(-2, opcode.ping)]))
  // A damaged frame may prevent the answer to the ping; nothing may wait for it for long.
  await eventually('an end', () => isOver, { timeoutMs: 2000 }).catch(() => {})
  socket.destroy()
}

/** Every path below the root with its data, after a sync. */
async function treeAt(port: number): Promise<Record<string, string>> {
  const client = await RawClient.open(port)
  const tree: Record<string, string> = {}
  try {
    await client.sync()
    const walk = async (path: string): Promise<void> => {
      const { data, stat } = await client.getData(path)
      tree[path] = `${data.toString('hex')} ${stat.mzxid} ${stat.version} ${stat.numChildren}`
      const names = await client.getChildren(path)
      for (const name of names.sort()) await walk(path === '/' ? `/${name}` : `${path}/${name}`)
    }
    for (const name of await client.getChildren('/'))
      if (name !== 'zookeeper') await walk(`/${name}`).catch(ignoreGuarded)
  } finally {
    await client.close()
  }
  return tree
}

/** Ignores a node that nobody may read, or that was just removed with its owner's session. */
function ignoreGuarded(error: unknown): void {
  if (!(error instanceof ReplyError) || ![-101, -102].includes(error.code)) throw error
}

/** Writes through the member, which proves that it serves, and returns the epoch of that write. */
async function epochAt(member: TestMember): Promise<bigint> {
  const client = await RawClient.open(member.clientPort)
  try {
    const path = await client.create('/served-', 'x', 2)
    return (await client.getData(path)).stat.czxid >> 32n
  } finally {
    await client.close()
  }
}

/**
 * Sends a case's messages, each after an answer to the one before, and returns whether the member closed the
 * connection in time. With `thenEnd` our side also closes its end, as a scanner does.
 */
async function send(
  port: number,
  { sends }: HostileCase,
  { thenEnd }: { thenEnd: boolean },
): Promise<'closed' | 'kept open'> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let closed = false
  let answered = 0
  // The end of the member's side suffices: data, a FIN or a reset may arrive first.
  socket.on('data', () => answered++)
  socket.on('end', () => {
    closed = true
  })
  socket.on('close', () => {
    closed = true
  })
  socket.on('error', () => {})
  try {
    for (const [index, bytes] of sends.entries()) {
      await eventually('an answer', () => answered >= index)
      socket.write(bytes)
    }
    if (thenEnd) socket.end()
    const wait = eventually('the connection to be closed', () => closed, { timeoutMs: closesWithinMs })
    return await wait.then(() => 'closed' as const).catch(() => 'kept open' as const)
  } finally {
    socket.destroy()
  }
}
