/** supervisor.json in a cluster's folder: what its current or last supervisor reports of itself. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fateOf, type ProcessIdentity } from './processes.ts'

interface SupervisorState extends ProcessIdentity {
  readonly name: string
  /** The connect string; empty until the members' ports are bound. */
  readonly connectString: string
  /** The processes of members, with process isolation. */
  readonly members: readonly ProcessIdentity[]
  /** The control socket's path, if its path in the folder is too long for this system. */
  readonly socket?: string
}

const FILE = 'supervisor.json'

export function readState(dir: string): SupervisorState | null {
  try {
    return JSON.parse(readFileSync(join(dir, FILE), 'utf8')) as SupervisorState
  } catch {
    return null
  }
}

/** A reader sees either the earlier state or this one, and never a part of it. */
export function saveState(dir: string, state: SupervisorState): void {
  const path = join(dir, FILE)
  writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export function clearState(dir: string): void {
  for (const file of [FILE, `${FILE}.new`]) rmSync(join(dir, file), { force: true })
}

/**
 * Ends what a dead supervisor has left, and returns a line for each. Only the holder of the folder's claim
 * may call it: no other supervisor runs here. Processes of another pid namespace or boot are left alone.
 */
export function sweep(dir: string): string[] {
  const state = readState(dir)
  if (state === null) return []
  const lines = [`the last supervisor (${state.pid}) ended without cleaning up`]
  for (const member of state.members) {
    if (fateOf(member) !== 'alive') continue
    process.kill(member.pid, 'SIGKILL')
    lines.push(`ended its member process ${member.pid}`)
  }
  clearState(dir)
  return lines
}
