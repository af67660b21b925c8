/** Plays the scenarios that `run.mjs` requests: each in each of its arrangements, starting from nothing. */
import { join } from 'node:path'
import { test } from 'vitest'
import { findApache } from '../../src/host/apache/apacheHost.ts'
import { findJava } from '../../src/host/apache/java.ts'
import { seatsOf } from './arrangement.ts'
import { Stage } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** The data for the table. */
    scenario?: { name: string; title: string; limit: string | null }
    arrangement?: string
    apache?: string
    java?: string
  }
}

const { INTEROP_SCENARIOS = '', INTEROP_ONLY = '', INTEROP_CORE = '', INTEROP_DIR = '' } = process.env
const TIMEOUT_MS = 300_000

/**
 * A play that takes too long is ended here, with its ensembles: vitest would let it continue beside the
 * others.
 */
const CLOSING_MS = 60_000

const names = INTEROP_SCENARIOS.split(',').filter((name) => name !== '')
const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (unknown.length > 0) {
  const known = scenarios.map(({ name }) => name).join(', ')
  throw new Error(`there is no scenario ${unknown.join(', ')}; there are ${known}`)
}

const { version: apache } = await findApache({ home: null, env: process.env })
const java = String((await findJava(process.env)).version)

for (const scenario of scenarios) {
  if (names.length > 0 && !names.includes(scenario.name)) continue
  for (const arrangement of arrangementsOf(scenario)) {
    const { name, title, timeoutMs = TIMEOUT_MS } = scenario
    test(`${name} ${arrangement}`, { timeout: 2 * timeoutMs + CLOSING_MS }, async ({ task }) => {
      const limit = scenario.limits?.[arrangement] ?? null
      Object.assign(task.meta, { scenario: { name, title, limit }, arrangement, apache, java })
      await using stage = new Stage(
        scenario,
        arrangement,
        INTEROP_DIR === '' ? null : join(INTEROP_DIR, `${name}-${arrangement}`),
      )
      try {
        await within(timeoutMs, scenario.play(arrangement, stage))
        await within(timeoutMs, stage.finish())
      } catch (error) {
        throw new Error(`${message(error)}\n${stage.lastWords()}`, { cause: error })
      }
    })
  }
}

/** `--only` may name an arrangement that the scenario does not list. */
function arrangementsOf({ where, core }: (typeof scenarios)[number]): readonly string[] {
  if (INTEROP_ONLY !== '') {
    const asked = INTEROP_ONLY.split(',')
    for (const arrangement of asked) seatsOf(arrangement)
    return names.length > 0 ? asked : asked.filter((arrangement) => where.includes(arrangement))
  }
  return INTEROP_CORE === '1' ? core : where
}

const message = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))

async function within<T>(timeoutMs: number, done: Promise<T>): Promise<T> {
  let overdue: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    overdue = setTimeout(() => reject(new Error(`not over after ${timeoutMs / 1000} s`)), timeoutMs)
  })
  return Promise.race([done, tooLong]).finally(() => clearTimeout(overdue))
}
