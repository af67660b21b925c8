import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { preciseNow, WriteProbe } from '../../src/supervisor/probe/probe.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/fourLetterWord.ts'
import { RawClient } from '../support/rawClient.ts'

let ensemble: Ensemble
beforeAll(async () => {
  ensemble = await Ensemble.start({ members: 3 })
})
afterAll(() => ensemble?.close())

function probe(sessions: string[] = []): WriteProbe {
  const targets = ensemble.members.map(({ id, host, clientPort }) => ({ member: id, host, port: clientPort }))
  return new WriteProbe(targets, (session) => sessions.push(session))
}

describe('the write probe', () => {
  it('writes through every member, changes no data, and leaves no session', async () => {
    const port = ensemble.members[0]?.clientPort as number
    const client = await RawClient.open(port)
    const before = await client.getData('/zookeeper')
    const sessions: string[] = []
    const writing = probe(sessions)
    const since = preciseNow()
    for (const { id } of ensemble.members)
      await eventually(`a write through ${id}`, () => writing.hasWritten(since, id))
    await writing.close()
    expect(sessions).toHaveLength(3)
    expect(sessions.every((session) => /^0x[0-9a-f]+$/.test(session))).toBe(true)
    const after = await client.getData('/zookeeper')
    expect(after).toEqual(before)
    expect((await client.getChildren('/zookeeper')).sort()).toEqual(['config', 'quota'])
    await eventually('the sessions to be closed', async () => {
      const dump = await ask(port, 'mntr')
      return /zk_global_sessions\t1\n/.test(dump)
    })
    await client.close()
  })

  it('needs a quorum: nothing is acknowledged without one, and the gap lasts until there is one again', async () => {
    const writing = probe()
    await eventually('a write', () => writing.hasWritten(0))
    const at = preciseNow()
    writing.markFault(at)
    await ensemble.kill('majority')
    const without = preciseNow()
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(writing.hasWritten(without)).toBe(false)
    await ensemble.start('all')
    await eventually('a write', () => writing.hasWritten(without))
    expect(writing.gapMs).toBeGreaterThan(150)
    expect(writing.gapMs).toBeLessThanOrEqual(preciseNow() - at + 50)
    await writing.close()
  })

  it('counts no gap from before the fault', async () => {
    const writing = probe()
    await eventually('a write', () => writing.hasWritten(0))
    expect(writing.gapMs).toBeNull()
    await writing.close()
  })
})
