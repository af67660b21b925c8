/** A member gets another engine, or its old one back. With made-up members; only damaged data is real. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { replace } from '../../src/supervisor/replacement.ts'
import { madeUpCluster } from './madeUpCluster.ts'

describe('a member whose new engine', () => {
  it('does not serve in time runs with the old one again', async () => {
    const { cluster, member, world } = await madeUpCluster(3)
    world.stuck.add(0)
    cluster.events.listen(({ event }) => {
      if (event.type === 'engine-changed' && event.to === 'zk-pseudo') world.stuck.clear()
    })
    const { problem } = await replace(cluster, member(0), 'apache', { timeoutMs: 60, probe: world.probe })
    expect(problem).toBe('member 0 was not in sync after 0.06 s with apache; it runs with zk-pseudo again')
    expect(member(0).isServing).toBe(true)
  })

  it('cannot be started while another has its port is tried again, and told', async () => {
    const { cluster, member, world } = await madeUpCluster(3)
    const { open } = cluster.engines
    let refused = 0
    cluster.engines.open = (engine, config) => {
      if (engine !== 'apache') return open(engine, config)
      refused += 1
      if (refused > 1) return open(engine, config)
      throw Object.assign(new Error('taken'), { code: 'EADDRINUSE', port: 1, address: '127.0.0.1' })
    }
    const { problem } = await replace(cluster, member(0), 'apache', { timeoutMs: 2000, probe: world.probe })
    expect([problem, refused, member(0).engine]).toEqual([null, 2, 'apache'])
  })
})

it('comes back, when it led, only after the others have a leader', async () => {
  const { cluster, member, world } = await madeUpCluster(3)
  const { open } = cluster.engines
  let leaderAtItsReturn: number | null | undefined
  cluster.engines.open = (engine, config) => {
    leaderAtItsReturn = cluster.leader?.id
    return open(engine, config)
  }
  const { problem } = await replace(cluster, member(2), 'apache', { timeoutMs: 2000, probe: world.probe })
  expect([problem, leaderAtItsReturn, member(2).role]).toEqual([null, 1, 'follower'])
})

describe('a member that neither engine can run', () => {
  async function unrunnable() {
    const root = mkdtempSync(join(tmpdir(), 'zkp-replacement-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    const made = await madeUpCluster(3, 0, root)
    made.world.crashing.add('0 apache').add('0 zk-pseudo')
    return made
  }

  it('stays down, and the way to find out why is named', async () => {
    const { cluster, member, world } = await unrunnable()
    const { problem } = await replace(cluster, member(0), 'apache', { timeoutMs: 100, probe: world.probe })
    expect(problem).toContain('nor with zk-pseudo; why: zk-pseudo logs 0')
    expect(member(0).state).toBe('crashed')
  })

  it('has its data set aside when that cannot be read, and the leader gives it everything', async () => {
    const { cluster, member, world } = await unrunnable()
    const data = join(member(0).config.dataDir, 'version-2')
    mkdirSync(data, { recursive: true })
    writeFileSync(join(data, 'currentEpoch'), 'damaged')
    const setAside = cluster.setAside.bind(cluster)
    cluster.setAside = (...given) => {
      world.crashing.clear()
      return setAside(...given)
    }
    const { problem } = await replace(cluster, member(0), 'apache', { timeoutMs: 2000, probe: world.probe })
    expect(problem).toContain('its data was set aside')
    expect(problem).toContain('it runs with zk-pseudo again')
    expect([existsSync(data), member(0).isServing]).toEqual([false, true])
  })
})
