/**
 * The commands by name. Each lives in a file of its own that is loaded only when it is asked for, so that
 * `ps` does not wait for what `up` needs.
 */
import type { CommandSpec } from './command.ts'

type Loader = () => Promise<{ command: CommandSpec }>

export const commands: ReadonlyMap<string, Loader> = new Map<string, Loader>([
  ['up', () => import('./commands/up.ts')],
  ['ps', () => import('./commands/ps.ts')],
  ['kill', () => import('./commands/kill.ts')],
  ['stop', () => import('./commands/stop.ts')],
  ['start', () => import('./commands/start.ts')],
  ['restart', () => import('./commands/restart.ts')],
  ['pause', () => import('./commands/pause.ts')],
  ['resume', () => import('./commands/resume.ts')],
  ['handover', () => import('./commands/handover.ts')],
  ['logs', () => import('./commands/logs.ts')],
  ['events', () => import('./commands/events.ts')],
  ['connstr', () => import('./commands/connstr.ts')],
  ['ls', () => import('./commands/ls.ts')],
  ['down', () => import('./commands/down.ts')],
  ['localize', () => import('./commands/localize.ts')],
  ['export', () => import('./commands/export.ts')],
  ['completion', () => import('./commands/completion.ts')],
  ['version', () => import('./commands/version.ts')],
  ['__complete', () => import('./commands/complete.ts')],
  ['__supervise', () => import('./commands/supervise.ts')],
])

/** Null when there is no such command. */
export async function loadCommand(name: string): Promise<CommandSpec | null> {
  const loaded = await commands.get(name)?.()
  return loaded?.command ?? null
}

export async function loadAllCommands(): Promise<CommandSpec[]> {
  return Promise.all([...commands.values()].map(async (load) => (await load()).command))
}
