/**
 * Elections while a reconfig is pending, and after one: one member against notifications that are made up.
 */
import { describe, expect, it } from 'vitest'
import { Election } from '../../../src/core/election/election.ts'
import type { Notification } from '../../../src/core/election/notification.ts'
import type { ElectionMembership, ElectionOptions } from '../../../src/core/election/options.ts'
import type { MemberEvent } from '../../../src/core/events.ts'
import { type Electorate, electorateOf } from '../../../src/core/quorum/electorate.ts'
import { joint } from '../../../src/core/quorum/joint.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { ServerState } from '../../../src/protocol/opcodes.ts'
import { makeZxid } from '../../../src/protocol/zxid.ts'
import { voter } from '../quorum/members.ts'

const { looking, following, leading } = ServerState
const at = { monotonicMs: 0, wallMs: 0 }
const candidacy = { zxid: makeZxid(1, 9), currentEpoch: 1 }

function majority(...sids: number[]): Electorate {
  return electorateOf(sids.map((sid) => voter(sid)))
}

/** As Membership has it while a reconfig is pending. */
const both = (one: Electorate, other: Electorate) => joint([one, other])

function memberOf(
  sid: number,
  options: Pick<ElectionOptions, 'electorate'> & {
    readonly committed: Electorate
    readonly hear?: ElectionMembership['hear']
  },
) {
  const sent: { to: number; vote: number }[] = []
  const events: MemberEvent[] = []
  const election = new Election(
    {
      sid: sid as Sid,
      minNotificationIntervalMs: 200,
      maxNotificationIntervalMs: 60_000,
      finalizeWaitMs: 200,
      get electorate() {
        return options.electorate
      },
      membership: {
        role: 'participant',
        committed: { text: 'version=0' },
        get committedElectorate() {
          return options.committed
        },
        hear: options.hear ?? (() => false),
      },
    },
    (effect) => {
      if (effect.kind === 'notify') sent.push({ to: effect.to, vote: effect.notification.leader })
      if (effect.kind === 'event') events.push(effect.event)
    },
  )
  const hear = (from: number, leader: number, state: ServerState, electionEpoch = 1, config = '') => {
    const { zxid, currentEpoch: peerEpoch } = candidacy
    const notification: Notification = {
      state,
      leader: leader as Sid,
      zxid,
      electionEpoch,
      peerEpoch,
      version: 2,
      config,
    }
    election.receive(from as Sid, notification, at)
  }
  return { election, hear, sent, events }
}

describe('with a reconfig pending', () => {
  const committed = majority(1, 2, 3)
  const pending = { committed, electorate: both(committed, majority(3, 4, 5)) }

  it('tells the voters of both configurations, and settles with a quorum of each', () => {
    const { election, hear, sent } = memberOf(3, pending)
    election.start(candidacy, at)
    expect(sent.map(({ to }) => to)).toEqual([1, 2, 4, 5])
    for (const sid of [1, 2]) hear(sid, 3, looking)
    election.tick({ monotonicMs: 300, wallMs: 0 })
    expect(election.outcome).toBeNull()
    for (const sid of [4, 5]) hear(sid, 3, looking)
    expect(election.outcome?.leader).toBe(3)
  })

  it('does not stand for election before it is known to be a voter', () => {
    const { election, sent, hear } = memberOf(5, pending)
    election.start(candidacy, at)
    expect(sent.every(({ vote }) => vote < 0)).toBe(true)
    sent.length = 0
    hear(1, 1, looking)
    expect(new Set(sent.map(({ vote }) => vote))).toEqual(new Set([1]))
  })

  it('joins a leader that a quorum of the configuration in force follows', () => {
    const { election, hear } = memberOf(1, pending)
    election.start(candidacy, at)
    hear(3, 2, following)
    hear(2, 2, leading)
    expect(election.outcome?.leader).toBe(2)
  })
})

describe('a later configuration in a notification', () => {
  it('starts the election over with its voters', () => {
    let electorate = majority(1, 2, 3)
    const options = {
      get electorate() {
        return electorate
      },
      get committed() {
        return electorate
      },
      hear: (text: string) => {
        if (text !== 'later') return false
        electorate = majority(1, 4, 5)
        return true
      },
    }
    const { election, hear, sent, events } = memberOf(1, options)
    election.start(candidacy, at)
    hear(2, 1, looking)
    sent.length = 0
    hear(3, 1, looking, 1, 'later')
    expect(new Set(sent.map(({ to }) => to))).toEqual(new Set([3, 4, 5]))
    expect(JSON.stringify(events)).toContain('restarting leader election')
    // The votes of before are forgotten, and 2 and 3 have none any more.
    election.tick({ monotonicMs: 300, wallMs: 0 })
    expect(election.outcome).toBeNull()
    hear(4, 1, looking, 2)
    hear(5, 1, looking, 2)
    expect(election.outcome?.leader).toBe(1)
  })
})

describe('a designated leader', () => {
  const electorate = majority(1, 2, 3)

  it('leads, and is followed, without a vote', () => {
    const chosen = memberOf(2, { electorate, committed: electorate })
    chosen.election.designate(2 as Sid, candidacy, at)
    expect(chosen.election.outcome?.leader).toBe(2)
    const other = memberOf(1, { electorate, committed: electorate })
    other.election.designate(2 as Sid, candidacy, at)
    expect(other.election.outcome?.leader).toBe(2)
    expect([...chosen.sent, ...other.sent]).toEqual([])
    other.hear(3, 3, looking, 7)
    expect(other.sent).toEqual([{ to: 3, vote: 2 }])
  })

  it('is given up when those that should follow look elsewhere', () => {
    const { election, hear } = memberOf(2, { electorate, committed: electorate })
    election.designate(2 as Sid, candidacy, at)
    hear(1, 1, looking, 8)
    expect(election.abandoned).toBeNull()
    hear(3, 3, looking, 8)
    expect(election.abandoned).toMatch(/only member 2 still supports it/)
  })
})

describe('a voter of the pending configuration that does not know it', () => {
  const committed = majority(1, 2, 3)
  const pending = { committed, electorate: both(committed, majority(3, 4, 5)) }
  const NOBODY = -(2 ** 63)

  it('is told the vote, once a round', () => {
    const { election, hear, sent } = memberOf(1, pending)
    election.start(candidacy, at)
    sent.length = 0
    for (let i = 0; i < 3; i++) hear(4, NOBODY, looking, 1)
    expect(sent).toEqual([{ to: 4, vote: 1 }])
    // It is ahead: its round is taken over, and everybody hears of it.
    hear(4, NOBODY, looking, 3)
    hear(4, NOBODY, looking, 3)
    expect(sent.slice(1)).toEqual([2, 3, 4, 5, 4].map((to) => ({ to, vote: 1 })))
  })

  it('is told nothing by one like it, or they would answer one another for ever', () => {
    const { election, hear, sent } = memberOf(5, pending)
    election.start(candidacy, at)
    sent.length = 0
    hear(4, NOBODY, looking, 1)
    expect(sent).toEqual([])
  })
})

describe('two members that look, the one no voter to the other', () => {
  it('do not answer one another for ever', () => {
    const { election, hear, sent } = memberOf(1, {
      electorate: majority(1, 2, 3),
      committed: majority(1, 2, 3),
    })
    election.start(candidacy, at)
    sent.length = 0
    for (let i = 0; i < 3; i++) hear(9, 9, looking)
    expect(sent).toEqual([{ to: 9, vote: 1 }])
    // A settled member can say what it looks for.
    for (const from of [2, 3]) hear(from, 3, from === 3 ? leading : following)
    sent.length = 0
    for (let i = 0; i < 2; i++) hear(9, 9, looking)
    expect(sent.map(({ to, vote }) => [to, vote])).toEqual([
      [9, 3],
      [9, 3],
    ])
  })
})
