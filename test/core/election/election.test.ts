import { describe, expect, it } from 'vitest'
import { ServerState } from '../../../src/protocol/opcodes.ts'
import { NO_ZXID } from '../../../src/protocol/zxid.ts'
import { Electorate, sid, voters, zxid } from './electorate.ts'

describe('who wins', () => {
  it('elects the greatest id of equal histories, without waiting', () => {
    const electorate = new Electorate(voters(3)).up(0, 1, 2).talk()
    expect(electorate.leaders()).toEqual({ 0: 2, 1: 2, 2: 2 })
    expect(electorate.nowMs).toBe(0)
    const [elected] = electorate.eventsOf(0, 'elected')
    expect(elected?.why).toBe(
      'member 2 has the greatest id; its history is as long as that of members 0, 1 ' +
        '(votes of members 0, 1, 2; every voter in reach agreed)',
    )
    expect(Object.keys(elected?.votes ?? {})).toEqual(['0', '1', '2'])
  })

  it('prefers the longer history to the greater id', () => {
    const candidacy = { zxid: zxid(1, 9), currentEpoch: 1 }
    const behind = { zxid: zxid(1, 8), currentEpoch: 1 }
    const electorate = new Electorate([
      { sid: 0, candidacy },
      { sid: 1, candidacy: behind },
      { sid: 2, candidacy: behind },
    ])
    electorate.up(0, 1, 2).talk()
    expect(electorate.leaders()).toEqual({ 0: 0, 1: 0, 2: 0 })
    expect(electorate.eventsOf(2, 'elected')[0]?.why).toContain(
      'member 0 has the longest history, up to 0x100000009; the next best, member 2, ends at 0x100000008',
    )
  })

  it('prefers the newer epoch to the longer history', () => {
    const electorate = new Electorate([
      { sid: 0, candidacy: { zxid: zxid(1, 1), currentEpoch: 3 } },
      { sid: 1, candidacy: { zxid: zxid(2, 7), currentEpoch: 2 } },
      { sid: 2, candidacy: { zxid: zxid(2, 5), currentEpoch: 2 } },
    ])
    electorate.up(0, 1, 2).talk()
    expect(electorate.leaders()).toEqual({ 0: 0, 1: 0, 2: 0 })
    expect(electorate.eventsOf(1, 'elected')[0]?.why).toContain('member 0 has the newest epoch, 3')
  })

  it('elects a single voter at once', () => {
    expect(new Electorate(voters(1)).up(0).leaders()).toEqual({ 0: 0 })
  })

  it('elects nobody without a quorum', () => {
    const electorate = new Electorate(voters(5)).up(0, 1).run(600_000)
    expect(electorate.leaders()).toEqual({ 0: null, 1: null })
  })

  it('never elects a member without weight, not even with the newest history', () => {
    const group = 1
    const electorate = new Electorate([
      { sid: 0, group },
      { sid: 1, group },
      { sid: 2, group },
      { sid: 3, group, weight: 0, candidacy: { zxid: zxid(4, 4), currentEpoch: 4 } },
    ])
    electorate.up(0, 1, 2, 3).talk()
    expect(electorate.leaders()).toEqual({ 0: 2, 1: 2, 2: 2, 3: 2 })
  })

  it('asks for a quorum of groups', () => {
    const electorate = new Electorate(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => ({ sid: id, group: Math.ceil(id / 3) })),
    )
    // Five of nine, but a majority in one group only.
    electorate.up(1, 2, 3, 4, 7).run(30_000)
    expect(new Set(Object.values(electorate.leaders()))).toEqual(new Set([null]))
    // Four of nine that are two of three groups.
    electorate.kill(3).kill(7).up(5).run(30_000)
    expect(electorate.leaders()).toEqual({ 1: 5, 2: 5, 4: 5, 5: 5 })
  })
})

describe('how long it takes', () => {
  it('waits 200 ms for a member that may be starting', () => {
    const electorate = new Electorate(voters(3)).up(0, 1).refused(0, 2).refused(1, 2)
    electorate.run(199)
    expect(electorate.leaders()).toEqual({ 0: null, 1: null })
    electorate.run(1)
    expect(electorate.leaders()).toEqual({ 0: 1, 1: 1 })
    expect(electorate.eventsOf(0, 'elected')[0]?.why).toContain('no better vote within 200 ms')
  })

  it('lets the third of three that start together take part', () => {
    const electorate = new Electorate(voters(3)).up(0).run(20).up(1).run(100).up(2).talk()
    expect(electorate.leaders()).toEqual({ 0: 2, 1: 2, 2: 2 })
    expect(electorate.nowMs).toBe(120)
  })

  it('does not wait for one whose port has refused for ten seconds', () => {
    const electorate = new Electorate(voters(3)).up(0).refused(0, 2).run(10_000).up(1).refused(1, 2)
    electorate.talk()
    expect(electorate.outcome(0)?.leader).toBe(1)
  })

  it('does not wait for a leader that was killed', () => {
    const electorate = new Electorate(voters(3)).up(0, 1, 2).talk().kill(2)
    electorate.restart(0).talk()
    expect(electorate.leaders()).toEqual({ 0: null, 1: 2 })
    electorate.restart(1).talk()
    expect(electorate.leaders()).toEqual({ 0: 1, 1: 1 })
    expect(electorate.nowMs).toBe(0)
  })

  it('needs no time-out when the better candidate looked first, unheard', () => {
    const electorate = new Electorate(voters(3)).up(0, 1, 2).talk().kill(2)
    electorate.restart(1).talk().restart(0).talk()
    expect(electorate.leaders()).toEqual({ 0: 1, 1: 1 })
    expect(electorate.nowMs).toBe(0)
  })

  it('starts a new round when the best candidate dies in the middle', () => {
    const electorate = new Electorate(voters(3)).up(0, 1, 2)
    for (const link of [electorate.link(2, 0), electorate.link(2, 1)]) electorate.deliver(link)
    electorate.kill(2).run(10)
    expect(electorate.leaders()).toEqual({ 0: 1, 1: 1 })
  })

  it('does not count the vote of a member that died after it', () => {
    const electorate = new Electorate(voters(3)).up(0, 1).run(100).kill(0).run(10_000)
    expect(electorate.leaders()).toEqual({ 1: null })
  })

  it('waits for a member that is connected and silent', () => {
    const electorate = new Electorate(voters(3)).up(0, 1, 2).talk()
    for (const id of [0, 1]) electorate.restart(id)
    for (const link of electorate.linksOf(2)) link.queue = []
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [0, 1],
      [1, 0],
    ] as const)
      electorate.deliver(electorate.link(from, to))
    expect(electorate.leaders()).toMatchObject({ 0: null, 1: null })
    // It still says that it leads, which one follower cannot confirm: they go on without it.
    electorate.nowMs += 200
    for (const id of [0, 1]) electorate.get(id).election.tick(electorate.now)
    expect(electorate.leaders()).toMatchObject({ 0: 1, 1: 1 })
  })

  it('sends again after 200, 400, 800 ms … a minute', () => {
    const electorate = new Electorate(voters(3)).up(0)
    const times: number[] = []
    const sent = () => electorate.eventsOf(0, 'vote-sent').length
    for (let before = sent(); electorate.nowMs < 300_000; ) {
      electorate.run(1)
      if (sent() > before) times.push(electorate.nowMs)
      before = sent()
    }
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0))
    expect(gaps.slice(0, 10)).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000])
    expect(gaps.slice(10).every((gap) => gap === 60_000)).toBe(true)
    const logs = electorate.eventsOf(0, 'log').map(({ message }) => message)
    expect(logs).toContain('Notification time out: 400 ms')
    expect(logs.at(-1)).toBe('Notification time out: 60000 ms')
  })
})

describe('who comes late', () => {
  it('follows the leader of an established ensemble, with a greater id and any history', () => {
    const electorate = new Electorate(voters(3)).up(0, 1).run(200)
    for (const id of [0, 1]) electorate.get(id).election.established(1)
    electorate.get(2).candidacy = { zxid: zxid(0, 5), currentEpoch: 0 }
    electorate.up(2).talk()
    expect(electorate.leaders()).toEqual({ 0: 1, 1: 1, 2: 1 })
    expect(electorate.outcome(2)?.peerEpoch).toBe(1)
    expect(electorate.eventsOf(2, 'elected')[0]?.why).toBe('members 0, 1 follow 1, which says that it leads')
  })

  it('joins members that settled in rounds of their own, and takes their round', () => {
    const electorate = new Electorate(voters(3)).up(2).run(1)
    for (let i = 0; i < 6; i++) electorate.restart(2)
    const leading = { leader: sid(1), electionEpoch: 3, peerEpoch: 5 }
    electorate.say(0, 2, { ...leading, state: ServerState.following, zxid: zxid(4, 1) })
    expect(electorate.outcome(2)).toBeNull()
    electorate.say(1, 2, { ...leading, state: ServerState.leading, electionEpoch: 2 })
    expect(electorate.outcome(2)).toMatchObject({ leader: 1, round: 2 })
  })

  it('does not follow a leader that only others name', () => {
    const electorate = new Electorate(voters(5)).up(4)
    for (const from of [0, 1, 2]) {
      electorate.say(from, 4, { state: ServerState.following, leader: sid(3), electionEpoch: 2 })
    }
    expect(electorate.outcome(4)).toBeNull()
    electorate.say(3, 4, { state: ServerState.leading, leader: sid(3), electionEpoch: 2 })
    expect(electorate.outcome(4)?.leader).toBe(3)
  })

  it('forgets the word of a leader that has gone since (ZOOKEEPER-3769)', () => {
    const electorate = new Electorate(voters(5)).up(4)
    electorate.say(3, 4, { state: ServerState.leading, leader: sid(3), electionEpoch: 2 }).refused(4, 3)
    for (const from of [0, 1, 2]) {
      electorate.say(from, 4, { state: ServerState.following, leader: sid(3), electionEpoch: 2 })
    }
    expect(electorate.outcome(4)).toBeNull()
  })

  it('forgets between elections what it heard of settled members', () => {
    const electorate = new Electorate(voters(5)).up(4)
    electorate.say(3, 4, { state: ServerState.leading, leader: sid(3), electionEpoch: 9 })
    electorate.say(0, 4, { state: ServerState.following, leader: sid(3), electionEpoch: 9 }).restart(4)
    electorate.say(1, 4, { state: ServerState.following, leader: sid(3), electionEpoch: 9 })
    electorate.say(2, 4, { state: ServerState.following, leader: sid(3), electionEpoch: 9 })
    expect(electorate.outcome(4)).toBeNull()
  })

  it('adopts a higher round and catches others up with it', () => {
    const electorate = new Electorate(voters(3)).up(0).run(10)
    for (let i = 0; i < 4; i++) electorate.restart(0)
    electorate.up(1, 2).talk()
    expect(electorate.leaders()).toEqual({ 0: 2, 1: 2, 2: 2 })
    expect(electorate.allSids.map((id) => electorate.outcome(id)?.round)).toEqual([5, 5, 5])
  })

  it('answers who is in a lower round', () => {
    const electorate = new Electorate(voters(5)).up(0).restart(0).restart(0)
    electorate.say(1, 0, { electionEpoch: 2 })
    const [answer] = electorate.eventsOf(0, 'vote-sent').filter(({ to }) => to === 1)
    expect(answer?.vote).toMatchObject({ leader: 0, round: 3 })
  })

  it('says nothing between two roles', () => {
    const electorate = new Electorate(voters(3)).up(0, 1, 2).talk()
    electorate.get(2).election.withdraw()
    const before = electorate.eventsOf(2, 'vote-sent').length
    electorate.restart(0).talk()
    expect(electorate.eventsOf(2, 'vote-sent')).toHaveLength(before)
    expect(electorate.get(2).election.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('observers', () => {
  const ensemble = () => new Electorate([...voters(3), { sid: 7, role: 'observer' }])

  it('find the leader and are not counted', () => {
    const electorate = ensemble().up(0, 1, 2).talk().up(7).talk()
    expect(electorate.outcome(7)?.leader).toBe(2)
    expect(electorate.eventsOf(7, 'elected')[0]?.leader).toBe(2)
    for (const id of [0, 1, 2]) expect(electorate.eventsOf(id, 'elected')[0]?.votes).not.toHaveProperty('7')
  })

  it('make no quorum', () => {
    const electorate = ensemble().up(0, 7).run(10_000)
    expect(electorate.leaders()).toEqual({ 0: null, 7: null })
  })

  it('follow an election that they watched', () => {
    const electorate = ensemble().up(7, 0, 1, 2).run(1000)
    expect(electorate.leaders()).toEqual({ 0: 2, 1: 2, 2: 2, 7: 2 })
  })

  it('are answered at once, also while looking', () => {
    const electorate = ensemble().up(0)
    electorate.say(7, 0, { leader: sid(-(2 ** 63)), electionEpoch: 40 })
    expect(electorate.eventsOf(0, 'vote-sent').at(-1)).toMatchObject({ to: 7, vote: { leader: 0, round: 1 } })
  })
})

describe('votes of other servers', () => {
  it('takes those without version for settled members by the leader alone', () => {
    const electorate = new Electorate(voters(5)).up(4)
    electorate.say(0, 4, {
      state: ServerState.following,
      leader: sid(2),
      electionEpoch: 9,
      peerEpoch: 1,
      version: 0,
    })
    electorate.say(1, 4, {
      state: ServerState.following,
      leader: sid(2),
      electionEpoch: 8,
      peerEpoch: 1,
      version: 0,
    })
    electorate.say(2, 4, {
      state: ServerState.leading,
      leader: sid(2),
      electionEpoch: 9,
      peerEpoch: 2,
      version: 2,
    })
    expect(electorate.outcome(4)?.leader).toBe(2)
  })

  it('asks the same epoch of settled members with versions', () => {
    const electorate = new Electorate(voters(5)).up(4)
    for (const [from, peerEpoch] of [
      [0, 1],
      [1, 1],
      [2, 2],
    ] as const) {
      const state = from === 2 ? ServerState.leading : ServerState.following
      electorate.say(from, 4, { state, leader: sid(2), electionEpoch: 9, peerEpoch })
    }
    expect(electorate.outcome(4)).toBeNull()
  })

  it('ignores votes for strangers and votes without a zxid', () => {
    const electorate = new Electorate(voters(3)).up(0)
    electorate.say(1, 0, { leader: sid(99), zxid: zxid(9, 9), peerEpoch: 9 })
    electorate.say(2, 0, { zxid: NO_ZXID, peerEpoch: 9 })
    expect(electorate.eventsOf(0, 'vote-sent')).toHaveLength(1)
    expect(electorate.eventsOf(0, 'log').at(-1)?.message).toContain('non-cluster member sid 99 from sid 1')
  })
})

describe('partitions', () => {
  it('elect on the side of the quorum; who returns follows and does not take over', () => {
    const electorate = new Electorate(voters(5)).up(0, 1, 2, 3, 4).talk()
    for (const a of [3, 4]) for (const b of [0, 1, 2]) electorate.cut(a, b)
    for (const id of electorate.allSids) electorate.restart(id)
    electorate.run(5000)
    expect(electorate.leaders()).toEqual({ 0: 2, 1: 2, 2: 2, 3: null, 4: null })
    for (const id of [0, 1, 2]) electorate.get(id).election.established(2)
    electorate.healAll().run(60_000)
    expect(electorate.leaders()).toEqual({ 0: 2, 1: 2, 2: 2, 3: 2, 4: 2 })
  })
})

describe('a leader that is not established yet', () => {
  const elected = () => {
    const electorate = new Electorate(voters(3)).up(0, 1).run(200)
    expect(electorate.leaders()).toEqual({ 0: 1, 1: 1 })
    return electorate
  }

  it('learns that its quorum has moved on', () => {
    const electorate = elected()
    electorate.restart(0).talk()
    expect(electorate.get(1).election.abandoned).toBe(
      'only member 1 still supports it; member 0 is looking for another leader',
    )
    electorate.restart(1).talk()
    expect(electorate.get(1).election.abandoned).toBeNull()
  })

  it('does not mind others while a quorum supports it', () => {
    const electorate = new Electorate(voters(3)).up(0, 1, 2).talk()
    electorate.restart(0).talk()
    expect(electorate.get(2).election.abandoned).toBeNull()
  })

  it('does not care once it is established', () => {
    const electorate = elected()
    electorate.get(1).election.established(1)
    electorate.restart(0).talk()
    expect(electorate.get(1).election.abandoned).toBeNull()
  })
})
