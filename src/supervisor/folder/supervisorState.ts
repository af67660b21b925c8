/**
 * supervisor.json in a cluster's folder: what the supervisor that runs there, or ran there last, says of
 * itself.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fateOf, type ProcessIdentity } from './processes.ts'

export interface SupervisorState extends ProcessIdentity {
  readonly name: string
  /** Empty until the members' ports are bound. */
  readonly connectString: string
  /** Processes of members, with process isolation. */
  readonly members: readonly ProcessIdentity[]
  /** Where the control socket is, if its path in the folder is too long for this system. */
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

/** A reader sees the state before or this one, and never a part of it. */
export function saveState(dir: string, state: SupervisorState): void {
  const path = join(dir, FILE)
  writeFileSync(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

export function clearState(dir: string): void {
  for (const file of [FILE, `${FILE}.new`]) rmSync(join(dir, file), { force: true })
}

/**
 * Ends what a supervisor that is gone has left, and says so, a line each. Only for the one that holds the
 * folder's claim: nobody runs here. Processes of another pid namespace or boot are left alone.
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
