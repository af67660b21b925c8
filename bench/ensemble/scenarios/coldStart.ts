/**
 * Time from spawning the engine's first process to the first acknowledged write, on empty data directories.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../engine.ts'
import type { Scenario } from '../scenario.ts'
import { firstWrite } from '../writeProbe.ts'

export const coldStart: Scenario = {
  name: 'start',
  about: 'cold start of the ensemble to its first acknowledged write',
  async run(engine, sizes, parentDir) {
    const samples = []
    for (let i = 0; i < sizes.repeats; i++) {
      const value = await once(engine, sizes.members, parentDir)
      samples.push({ metric: 'cold start to first write', unit: 'ms' as const, value })
    }
    return { samples, failures: 0, check: `${samples.length} first writes acknowledged` }
  },
}

async function once(engine: Engine, members: number, parentDir: string): Promise<number> {
  const dir = mkdtempSync(join(parentDir, `${engine.name}-`))
  try {
    const begun = performance.now()
    await using ensemble = await engine.start(members, dir)
    const ports = ensemble.members.map((member) => member.clientPort)
    return (await firstWrite(ports, '/bench-start')).acknowledgedAt - begun
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
