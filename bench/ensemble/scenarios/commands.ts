/** How long a user waits for a command: `up 3 -d` until the ensemble serves, `ps`, `down`. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Sample, Scenario } from '../scenario.ts'
import { commandLineUrl } from '../self.ts'

const run = promisify(execFile)

export const commands: Scenario = {
  name: 'commands',
  about: 'wall time of zk-pseudo up 3 -d, ps and down',
  only: 'zk-pseudo',
  async run(_engine, sizes, parentDir) {
    const samples: Sample[] = []
    for (let i = 0; i < sizes.repeats; i++) samples.push(...(await once(parentDir)))
    return { samples, failures: 0, check: `${samples.length} commands succeeded` }
  },
}

async function once(parentDir: string): Promise<Sample[]> {
  const cwd = mkdtempSync(join(parentDir, 'commands-'))
  const name = `bench-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  const timed = async (verb: string, ...args: string[]): Promise<Sample> => {
    const begun = performance.now()
    await run(
      process.execPath,
      [fileURLToPath(commandLineUrl), ...verb.split(' '), ...args, '--name', name],
      { cwd },
    )
    return { metric: `zk-pseudo ${verb}`, unit: 'ms', value: performance.now() - begun }
  }
  try {
    const up = await timed('up 3 -d', '--ports', 'auto', '--dir', join(cwd, 'cluster'))
    return [up, await timed('ps'), await timed('down')]
  } finally {
    await timed('down').catch(() => {})
    rmSync(cwd, { recursive: true, force: true })
  }
}
