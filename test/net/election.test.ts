/** Elections over real sockets, among our own members and with Apache ZooKeeper's. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeZxid } from '../../src/protocol/zxid.ts'
import { ApacheEnsemble, apacheUnavailable } from '../support/apache.ts'
import { eventually } from '../support/eventually.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { ElectionMember } from './electionMember.ts'

describe('our own members', () => {
  let claimed: number[]
  let ports: Map<number, number>
  let members: ElectionMember[]

  beforeEach(async () => {
    claimed = await claimPorts(5)
    ports = new Map(claimed.map((port, sid) => [sid, port]))
    members = []
  })

  afterEach(async () => {
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()))
    releasePorts(claimed)
  })

  const agreed = (some: readonly ElectionMember[], leader: number) =>
    eventually(`all to name ${leader}`, () => some.every((member) => member.leader === leader), {
      everyMs: 1,
    })

  async function start(sid: number): Promise<ElectionMember> {
    const member = await new ElectionMember(sid, ports).open()
    members.push(member)
    return member.look()
  }

  it('that start a few ms apart agree on the best one without waiting, and again when it dies', async () => {
    for (const sid of [3, 4]) ports.delete(sid)
    const [zero, one] = [await start(0), await start(1)]
    await new Promise((resolve) => setTimeout(resolve, 30))
    const two = await start(2)
    await agreed([zero, one, two], 2)
    await two[Symbol.asyncDispose]()
    zero.look()
    one.look()
    await agreed([zero, one], 1)
    // No member had to wait for the 200 ms that Apache always waits.
    for (const member of [zero, one]) {
      const waited = member.events.filter(
        (event) => event.type === 'elected' && event.why.includes('within 200 ms'),
      )
      expect(waited).toEqual([])
    }
  })

  it('elect the one with the longest history, and a late one follows', async () => {
    const histories = [0, 7, 3, 0]
    for (const [sid, counter] of histories.entries()) {
      const member = await new ElectionMember(sid, ports).open()
      members.push(member)
      member.look({ zxid: makeZxid(1, counter), currentEpoch: 1 })
    }
    await agreed(members, 1)
    await agreed([await start(4)], 1)
  })
})

const unavailable = apacheUnavailable()
const skipped = unavailable === undefined ? '' : ` (skipped: ${unavailable})`

describe.skipIf(unavailable !== undefined)(`among members of Apache ZooKeeper${skipped}`, () => {
  /** The ports of three Apache members, none of which is running. */
  async function threeApaches(): Promise<{ ensemble: ApacheEnsemble; ports: Map<number, number> }> {
    const ensemble = await ApacheEnsemble.start({ members: 3 })
    for (const { id } of ensemble.members) await ensemble.kill(id)
    return { ensemble, ports: new Map(ensemble.members.map(({ id, electionPort }) => [id, electionPort])) }
  }

  const settled = (member: ElectionMember) =>
    eventually('our member to settle', () => member.leader !== null, { timeoutMs: 60_000 })

  // Members start one by one. The first two that meet are a quorum, so the greater of their ids leads.
  for (const [ours, second, third] of [
    [0, 2, 1],
    [1, 0, 2],
  ] as const) {
    const title = `starts an election as ${ours} with ${second}, which ${third} then joins`
    it(title, { timeout: 90_000 }, async () => {
      const { ensemble, ports } = await threeApaches()
      await using _apaches = ensemble
      await using member = await new ElectionMember(ours, ports).open()
      member.look()
      ensemble.start(second)
      await settled(member)
      const leader = Math.max(ours, second)
      expect(member.leader).toBe(leader)
      const follows = () =>
        member.heard.some(({ from, notification }) => from === second && notification.leader === leader)
      await eventually(`${second} to agree`, follows)
      if (leader === ours) return
      // Zab cannot follow with this half of a member; a whole Apache member can, and leads on with the
      // leader.
      ensemble.start(third)
      expect((await ensemble.waitForLeader(60_000)).id).toBe(leader)
      expect(member.leader).toBe(leader)
    })
  }

  for (const [ours, leader] of [
    [0, 2],
    [1, 2],
    [2, 1],
  ] as const) {
    it(`follows as ${ours} the leader ${leader} that two have elected`, { timeout: 90_000 }, async () => {
      const { ensemble, ports } = await threeApaches()
      await using _apaches = ensemble
      for (const { id } of ensemble.members) if (id !== ours) ensemble.start(id)
      expect((await ensemble.waitForLeader(60_000)).id).toBe(leader)
      await using member = await new ElectionMember(ours, ports).open()
      member.look()
      await settled(member)
      expect(member.leader).toBe(leader)
      // That may have rested on votes of their election, said again on the new connection. In a later round
      // it rests on what they are now.
      member.look()
      await settled(member)
      expect(member.leader).toBe(leader)
      const why = member.events.flatMap((event) => (event.type === 'elected' ? [event.why] : []))
      expect(why.at(-1)).toContain(`follow ${leader}, which says that it leads`)
    })
  }
})
