/** The library as a test suite uses it: verdicts are judged by what real members do. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ClusterEvent, Ensemble, type OperationError } from '../../src/ensemble/index.ts'
import { eventually } from '../support/eventually.ts'
import { modeOf } from '../support/fourLetterWord.ts'
import { claimPorts, isFree, releasePorts } from '../support/ports.ts'
import { RawClient } from '../support/rawClient.ts'

describe.each(['thread', 'process'] as const)('an ensemble in %ss', (isolation) => {
  it('elects anew when its leader is killed, keeps what was acknowledged, and takes the member back', async () => {
    await using ensemble = await Ensemble.start({ isolation })
    const leader = await ensemble.waitForLeader()
    const client = await RawClient.open(leader.clientPort)
    await client.create('/kept', 'data')
    const { epoch: epochBefore } = await ensemble.status()
    const verdict = await ensemble.kill('leader')
    expect(verdict).toMatchObject({
      members: [leader.id],
      leaderBefore: leader.id,
      quorum: true,
      sessionsExpired: 0,
    })
    expect(verdict.leaderAfter).not.toBe(leader.id)
    expect(verdict.epoch).toBeGreaterThan(epochBefore as number)
    expect(verdict.electionMs).toBeGreaterThan(0)
    // Either may be the longer: a member that is being killed may answer for another moment.
    expect(verdict.writeGapMs).toBeGreaterThan(0)
    expect(Object.keys(verdict.votes ?? {})).toHaveLength(2)
    expect(verdict.why).toMatch(/member \d/)
    expect(await isFree(leader.clientPort)).toBe(true)
    const back = await ensemble.start(leader.id)
    expect(back).toMatchObject({
      members: [leader.id],
      leaderAfter: verdict.leaderAfter,
      electionMs: null,
      quorum: true,
    })
    expect(await modeOf(leader.clientPort)).toBe('follower')
    const again = await RawClient.open(leader.clientPort)
    expect(String((await again.getData('/kept')).data)).toBe('data')
    again.destroy()
    client.destroy()
    const { members } = await ensemble.status()
    expect(members.find(({ id }) => id === leader.id)).toMatchObject({
      state: 'running',
      restarts: 1,
      exit: null,
    })
  })

  it('loses its quorum with its majority, says so, and serves nobody', async () => {
    await using ensemble = await Ensemble.start({ isolation })
    const verdict = await ensemble.kill('majority')
    expect(verdict).toMatchObject({
      leaderAfter: null,
      epoch: null,
      electionMs: null,
      writeGapMs: null,
      quorum: false,
    })
    expect(verdict.members).toHaveLength(2)
    for (const { clientPort } of ensemble.members) expect(await modeOf(clientPort)).toBeNull()
    expect(await ensemble.leader()).toBeNull()
    await expect(ensemble.waitForLeader(200)).rejects.toMatchObject({ exitCode: 4 })
    expect(await ensemble.start(verdict.members[0] as number)).toMatchObject({ quorum: true })
  })

  it('goes on without a paused follower, which catches up when it is resumed', async () => {
    await using ensemble = await Ensemble.start({ isolation })
    const verdict = await ensemble.pause('follower')
    expect(verdict).toMatchObject({ quorum: true, electionMs: null })
    const [paused] = verdict.members as [number]
    expect((await ensemble.status()).members.find(({ id }) => id === paused)?.state).toBe('paused')
    const leader = await ensemble.waitForLeader()
    const client = await RawClient.open(leader.clientPort)
    await client.create('/meanwhile', 'written')
    await client.close()
    expect(await ensemble.resume(paused)).toMatchObject({ members: [paused], quorum: true })
    const port = ensemble.members.find(({ id }) => id === paused)?.clientPort as number
    const reader = await RawClient.open(port)
    await reader.sync('/meanwhile')
    expect(String((await reader.getData('/meanwhile')).data)).toBe('written')
    await reader.close()
  })

  it('replaces a paused leader, which does not lead when it is resumed', async () => {
    await using ensemble = await Ensemble.start({ isolation, set: { tickTime: '100' } })
    const leader = await ensemble.waitForLeader()
    const verdict = await ensemble.pause('leader')
    expect(verdict).toMatchObject({ members: [leader.id], quorum: true })
    expect(verdict.leaderAfter).not.toBe(leader.id)
    const resumed = await ensemble.resume(leader.id)
    expect(resumed).toMatchObject({ leaderAfter: verdict.leaderAfter, quorum: true })
    expect(await modeOf(leader.clientPort)).toBe('follower')
  })

  it('is gone when it is closed: ports, folder and processes, in half a second', async () => {
    const ensemble = await Ensemble.start({ isolation })
    const { members } = await ensemble.status()
    const begun = performance.now()
    await ensemble.close()
    expect(performance.now() - begun).toBeLessThan(500)
    expect(existsSync(ensemble.dir)).toBe(false)
    for (const { clientPort, quorumPort, electionPort, pid } of members) {
      for (const port of [clientPort, quorumPort, electionPort])
        expect(await isFree(port as number)).toBe(true)
      if (isolation === 'process') expect(() => process.kill(pid as number, 0)).toThrow('ESRCH')
    }
    await ensemble.close()
  })
})

describe('an ensemble', () => {
  it('keeps data, ids and ports over its end in a folder of the user’s', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'zkp-kept-'))
    try {
      const first = await Ensemble.start({ dir })
      const client = await RawClient.open(first.members[1]?.clientPort as number)
      await client.create('/kept', 'over the night')
      await client.close()
      await first.close()
      await using second = await Ensemble.start({ dir })
      expect(second.connectString).toBe(first.connectString)
      const reader = await RawClient.open(second.members[2]?.clientPort as number)
      await reader.sync()
      expect(String((await reader.getData('/kept')).data)).toBe('over the night')
      await reader.close()
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })

  it('is not started twice in one folder', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'zkp-twice-'))
    try {
      await using first = await Ensemble.start({ dir, members: 1 })
      await expect(Ensemble.start({ dir, members: 1 })).rejects.toMatchObject({ code: 'ALREADY_RUNNING' })
      expect(await modeOf(first.members[0]?.clientPort as number)).toBe('standalone')
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })

  it('names a port that is taken, and leaves nothing running', async () => {
    const [base] = (await claimPorts(1)) as [number]
    const stranger = createServer().listen(base, '127.0.0.1')
    try {
      const start = Ensemble.start({ members: 1, ports: base })
      await expect(start).rejects.toMatchObject({
        code: 'PORT_TAKEN',
        port: base,
        hint: expect.stringContaining("ports: 'auto'"),
      })
    } finally {
      stranger.close()
      releasePorts([base])
    }
  })

  it('says everything that is wrong with its settings at once', async () => {
    const start = Ensemble.start({ set: { tickTime: 'soon', syncLimit: 'never' } })
    await expect(start).rejects.toMatchObject({ code: 'BAD_CONFIG', exitCode: 2 })
    await expect(start).rejects.toHaveProperty('hint', expect.stringMatching(/tickTime[\s\S]*syncLimit/))
  })

  it('tells its events, as they happen and from the beginning, and keeps them on disk', async () => {
    await using ensemble = await Ensemble.start({})
    const live: ClusterEvent[] = []
    const leave = ensemble.on((event) => live.push(event))
    await ensemble.kill('leader')
    leave()
    expect(live.map(({ event }) => event.type)).toEqual(
      expect.arrayContaining([
        'member-killed',
        'vote-sent',
        'vote-received',
        'elected',
        'established',
        'verdict',
      ]),
    )
    const seen: string[] = []
    for await (const { event } of ensemble.events()) {
      seen.push(event.type)
      if (event.type === 'verdict') break
    }
    expect(seen).toContain('cluster-up')
    const lines = readFileSync(join(ensemble.dir, 'events.jsonl'), 'utf8').trimEnd().split('\n')
    // Those of the supervisor's own probe are kept, and not counted.
    const kept = lines.map((line) => JSON.parse(line) as ClusterEvent).filter(({ probe }) => !probe)
    expect(kept.map(({ seq }) => seq)).toEqual(kept.map((_, i) => i + 1))
  })

  it('is found by its name by others, who can act on it and leave it running', async () => {
    const name = `found-${process.pid}`
    await using ensemble = await Ensemble.start({ name, observers: 1 })
    const other = await Ensemble.connect(name)
    expect(other.connectString).toBe(ensemble.connectString)
    expect(await other.kill('observer')).toMatchObject({ members: [3], quorum: true, electionMs: null })
    await other.close()
    expect((await ensemble.status()).quorum).toBe(true)
    await expect(Ensemble.connect('nobody')).rejects.toMatchObject({ code: 'NO_CLUSTER', exitCode: 3 })
  })

  it('is ended by whoever stops it all, attached or not', async () => {
    const name = `stopped-${process.pid}`
    await using ensemble = await Ensemble.start({ name, members: 1 })
    const [first] = ensemble.members
    const other = await Ensemble.connect(name)
    await other.stopAll()
    expect(await isFree(first?.clientPort as number)).toBe(true)
    await other.stopAll()
    await eventually('nobody to answer', () =>
      ensemble.status().then(
        () => false,
        ({ code }: OperationError) => code === 'NO_CLUSTER',
      ),
    )
    await ensemble.stopAll()
  })

  it('does not collide with others that start at once', async () => {
    const several = await Promise.all(Array.from({ length: 3 }, () => Ensemble.start({ members: 1 })))
    const ports = several.flatMap(({ members }) => members.map(({ clientPort }) => clientPort))
    expect(new Set(ports).size).toBe(3)
    for (const port of ports) await eventually('it to serve', () => modeOf(port))
    await Promise.all(several.map((ensemble) => ensemble.close()))
  })
})
