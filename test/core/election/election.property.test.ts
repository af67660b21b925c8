/** Any order, loss and restart, then healing: what may never happen, and what must happen in the end. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Sid } from '../../../src/protocol/ids.ts'
import { Electorate, zxid } from './electorate.ts'

type Action =
  | { do: 'deliver'; link: number }
  | { do: 'drop'; link: number }
  | { do: 'cut' | 'heal'; link: number }
  | { do: 'pass'; ms: number }
  | { do: 'look' | 'kill' | 'start'; member: number }

const index = fc.nat({ max: 19 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('deliver' as const), link: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), link: index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'heal' as const), link: index }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 300 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('look' as const, 'kill' as const, 'start' as const),
      member: fc.nat({ max: 4 }),
    }),
  },
)
const histories = fc.array(fc.record({ epoch: fc.nat({ max: 2 }), counter: fc.nat({ max: 3 }) }), {
  minLength: 5,
  maxLength: 5,
})
const scenario = fc.record({
  size: fc.constantFrom(3, 5),
  histories,
  actions: fc.array(action, { maxLength: 200 }),
})

function ensemble(size: number, histories: { epoch: number; counter: number }[]): Electorate {
  const specs = histories.slice(0, size).map(({ epoch, counter }, id) => ({
    sid: id,
    candidacy: { zxid: zxid(epoch, counter), currentEpoch: epoch },
  }))
  return new Electorate(specs)
}

function perform(electorate: Electorate, step: Action): void {
  const size = electorate.citizens.size
  if ('member' in step) {
    const id = step.member % size
    const { isUp } = electorate.get(id)
    if (step.do === 'kill' && isUp) electorate.kill(id)
    if (step.do === 'start' && !isUp) electorate.up(id)
    if (step.do === 'look' && isUp) electorate.restart(id)
  } else if (step.do === 'pass') {
    electorate.nowMs += step.ms
    for (const { isUp, election } of electorate.citizens.values()) if (isUp) election.tick(electorate.now)
  } else {
    const link = electorate.links[step.link % electorate.links.length]
    if (link === undefined) return
    if (step.do === 'deliver') electorate.deliver(link)
    if (step.do === 'drop') link.queue.shift()
    if (step.do === 'cut') electorate.cut(link.from, link.to)
    if (step.do === 'heal') electorate.heal(link.from, link.to)
  }
}

/** What Zab does with an election's outcome, as far as it brings members back to the election. */
function undoFailures(electorate: Electorate, patience: boolean): void {
  const leaders = electorate.leaders()
  for (const [id, leader] of Object.entries(leaders).map(([id, leader]) => [Number(id), leader] as const)) {
    if (leader === null) continue
    const { election } = electorate.get(id)
    const followers = Object.keys(leaders).filter((other) => leaders[Number(other)] === leader)
    const isDead = leader !== id && leaders[leader] !== leader
    const isAlone = leader === id && !electorate.rule.containsQuorum(followers.map(Number) as Sid[])
    if (isDead || (leader === id && election.abandoned !== null) || (isAlone && !patience))
      electorate.restart(id)
  }
}

describe('any order and loss of messages', () => {
  it('never gives two leaders a quorum in one round, and ends with one leader after healing', () => {
    fc.assert(
      fc.property(scenario, ({ size, histories, actions }) => {
        const electorate = ensemble(size, histories)
        // By round and leader: who settled on it. A member that starts anew counts its rounds anew, and is
        // another.
        const settled = new Map<string, Set<Sid>>()
        const lives = new Map<Sid, unknown>()
        let hasRestarted = false
        electorate.onSettled = (citizen, vote) => {
          if ((lives.get(citizen.sid) ?? citizen.election) !== citizen.election) hasRestarted = true
          lives.set(citizen.sid, citizen.election)
          const key = `${vote.round}:${vote.leader}`
          const members = settled.get(key) ?? new Set<Sid>()
          settled.set(key, members.add(citizen.sid))
        }
        for (let id = 0; id < size; id++) electorate.up(id)
        for (const step of actions) {
          perform(electorate, step)
          if (!hasRestarted) expectOneQuorumPerRound(electorate, settled)
        }
        for (let id = 0; id < size; id++) if (!electorate.get(id).isUp) electorate.up(id)
        electorate.healAll()
        for (let second = 1; second <= 60; second++) {
          electorate.run(1000)
          undoFailures(electorate, second % 20 !== 0)
          const leaders = new Set(Object.values(electorate.leaders()))
          if (leaders.size === 1 && !leaders.has(null)) return
        }
        expect.fail(`after a minute: ${JSON.stringify(electorate.leaders())}`)
      }),
      { numRuns: 500 },
    )
  })

  it('elects the best candidate at once when nothing is lost', () => {
    fc.assert(
      fc.property(scenario, fc.array(index, { maxLength: 300 }), ({ size, histories }, order) => {
        const electorate = ensemble(size, histories)
        for (let id = 0; id < size; id++) electorate.up(id)
        for (const i of order) perform(electorate, { do: 'deliver', link: i })
        electorate.talk()
        const best = [...electorate.citizens.values()].sort(
          (a, b) =>
            b.candidacy.currentEpoch - a.candidacy.currentEpoch ||
            b.candidacy.zxid - a.candidacy.zxid ||
            b.sid - a.sid,
        )[0]
        expect(new Set(Object.values(electorate.leaders()))).toEqual(new Set([best?.sid]))
        expect(electorate.nowMs).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})

function expectOneQuorumPerRound(electorate: Electorate, settled: ReadonlyMap<string, Set<Sid>>): void {
  const rounds = new Map<string, string>()
  for (const [key, members] of settled) {
    if (!electorate.rule.containsQuorum(members)) continue
    const [round = ''] = key.split(':')
    expect(rounds.get(round) ?? key).toBe(key)
    rounds.set(round, key)
  }
}
