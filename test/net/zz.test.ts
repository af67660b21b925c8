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

  it('that start a few ms apart agree on the best without waiting, and again when it dies', async () => {
    for (const sid of [3, 4]) ports.delete(sid)
    const [zero, one] = [await start(0), await start(1)]
    await new Promise((resolve) => setTimeout(resolve, 30))
    const two = await start(2)
    await agreed([zero, one, two], 2)
    await two[Symbol.asyncDispose]()
    zero.look()
    one.look()
    await agreed([zero, one], 1)
    // No member had to wait out the 200 ms that Apache always waits.
    for (const member of [zero, one]) {
      const waited = member.events.filter(
        (event) => event.type === 'elected' && event.why.includes('within 200 ms'),
      )
      expect(waited).toEqual([])
    }
  })

  it('name the one with the longest history, and a late one follows', async () => {
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

describe.skipIf(apacheUnavailable())('among members of Apache ZooKeeper', () => {
  // Each time ours is one of three; an Apache member finds its own data empty, as ours is.
  for (const [ours, first, winner] of [
    [0, true, 2],
    
    
    
  ] as const) {
    const when = first ? 'before' : 'after'
    it(`agrees as ${ours}, started ${when} them, that ${winner} leads`, { timeout: 90_000 }, async () => {
      await using ensemble = await ApacheEnsemble.start({ members: 3 })
      await ensemble.kill(ours)
      for (const { id } of ensemble.members) if (first && id !== ours) await ensemble.kill(id)
      if (!first) await ensemble.waitForLeader()
      const ports = new Map(ensemble.members.map(({ id, electionPort }) => [id, electionPort]))
      await using member = await new ElectionMember(ours, ports).open()
      member.look()
      for (const { id } of ensemble.members) if (first && id !== ours) ensemble.start(id)
      await eventually('our member to settle', () => member.leader !== null, { timeoutMs: 60_000 })
      if (member.leader !== winner) { for (const e of member.events) console.log(JSON.stringify(e).slice(0,260)); console.log(JSON.stringify(member.reached)) }
      expect(member.leader).toBe(winner)
      if (ours !== winner) expect((await ensemble.waitForLeader(60_000)).id).toBe(winner)
      else {
        const theirs = () => member.heard.filter(({ notification }) => notification.leader === winner)
        await eventually('both to vote for ours', () => new Set(theirs().map(({ from }) => from)).size === 2)
      }
    })
  }
})
