/**
 * Bad input at the client, election and quorum port: the connection is closed and the member unharmed. It
 * serves before and after, in the same epoch under the same leader, and takes no more memory for it.
 */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  allServe,
  describeEngines,
  leaderOf,
  type TestEnsemble,
  type TestMember,
} from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { type HostileCase, hostileInput, type PortKind } from '../support/hostileInput.ts'
import { memoryBytes } from '../support/procfs.ts'
import { RawClient } from '../support/rawClient.ts'

/** How long a member may take to close; well above what a busy machine needs, below any idle timeout. */
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
  /** The leader alone listens on its quorum port; the other two kinds are tried at a follower as well. */
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

  it('closes without being told that no more comes', async () => {
    // A broken peer does not end its side: what is plainly wrong must not be waited upon.
    const plainlyWrong = ['a frame of 2 GiB', 'a frame of negative length', 'a notification of 2 GiB']
    plainlyWrong.push('an address of 2 GiB', 'a packet whose data claims 2 GiB', 'a request of unknown type')
    for (const kind of Object.keys(hostileInput) as PortKind[]) {
      for (const hostile of hostileInput[kind].filter(({ name }) => plainlyWrong.includes(name))) {
        const end = await send(portOf(kind, leader), hostile, { thenEnd: false })
        expect(end, `${hostile.name} at the ${kind} port`).toBe('closed')
      }
    }
  })

  it('refuses strangers that stay', async (context) => {
    if (engine === 'apache') context.skip('Apache ZooKeeper lets unknown ids stay connected')
    for (const kind of ['election', 'quorum'] as const) {
      for (const hostile of hostileInput[kind].filter(({ name }) => name.startsWith('an unknown id'))) {
        const end = await send(portOf(kind, leader), hostile, { thenEnd: false })
        expect(end, `${hostile.name} at the ${kind} port`).toBe('closed')
      }
    }
  })

  it('holds no memory for what is only announced', { timeout: 60_000 }, async (context) => {
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
    // 80 announcements of 2 GiB: a hundredth of what was announced would already be beyond this.
    const grown = (memoryBytes(ensemble.pids()) as number) - (before as number)
    expect(grown).toBeLessThan(300 * 2 ** 20)
    await epochAt(leader)
    expect(await leaderOf(ensemble)).toEqual(leader)
  })
})

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
 * Sends a case's bytes, each after an answer to the one before, and says whether the member closed the
 * connection in time. With `thenEnd` our side ends too, as that of a scanner does.
 */
async function send(
  port: number,
  { sends }: HostileCase,
  { thenEnd }: { thenEnd: boolean },
): Promise<'closed' | 'kept open'> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let closed = false
  let answered = 0
  // The end of the member's side is enough: data, a FIN or a reset may reach us first.
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
