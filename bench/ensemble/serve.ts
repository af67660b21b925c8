/**
 * The child process that runs a zk-pseudo ensemble for the benchmark and takes commands over IPC. It ends
 * when its parent ends, because the channel then closes.
 */
import type { EngineMember, ZooCfg } from './engine.ts'
import { libraryUrl } from './self.ts'

export interface ServeOptions {
  members: number
  dir: string
  isolation: 'thread' | 'process'
  set: ZooCfg
}

export type ServeCommand = { kind: 'kill' | 'restart'; id: number }
export type ServeAnswer =
  | { kind: 'ready'; members: EngineMember[] }
  | { kind: 'done' }
  | { kind: 'failed'; message: string }

export async function serve(options: ServeOptions): Promise<void> {
  const { Ensemble } = (await import(libraryUrl.href)) as typeof import('../../src/ensemble/index.ts')
  const set = { '4lw.commands.whitelist': '*', ...options.set }
  const ensemble = await Ensemble.start({ ...options, ports: 'auto', set })
  const answer = (message: ServeAnswer): void => void process.send?.(message)
  process.on('message', async (command: ServeCommand) => {
    try {
      // The verdict waits until the ensemble has settled; the benchmark has its own probe.
      if (command.kind === 'kill') await ensemble.kill(command.id)
      else await ensemble.start(command.id, { wait: false })
      answer({ kind: 'done' })
    } catch (error) {
      answer({ kind: 'failed', message: String(error) })
    }
  })
  // Ctrl-C reaches the whole process group. The benchmark decides what happens, and sends it over the
  // channel.
  process.on('SIGINT', () => {})
  process.once('disconnect', async () => {
    await ensemble.stopAll()
    process.exit(0)
  })
  const members = ensemble.members.map(({ id, clientPort, dataDir }) => ({ id, clientPort, dataDir }))
  answer({ kind: 'ready', members })
}
