/** zk-pseudo through its published library, in a separate process (see `serve.ts`). */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { processTree } from '../../test/support/procfs.ts'
import type { Engine, RunningEngine } from './engine.ts'
import { bundleFile, libraryUrl } from './self.ts'
import type { ServeAnswer, ServeCommand, ServeOptions } from './serve.ts'

export function pseudoEngine(isolation: 'thread' | 'process'): Engine {
  return {
    name: 'zk-pseudo',
    description: `Ensemble.start in one process of its own, isolation ${isolation}`,
    unavailable: () => (existsSync(libraryUrl) ? undefined : 'the library is not built (npm run build)'),
    start: (members, dir, set = {}) => start({ members, dir, isolation, set }),
  }
}

async function start(options: ServeOptions): Promise<RunningEngine> {
  const child = fork(bundleFile, ['serve', JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ready = await answerOf(child, 'ready')
  return {
    members: ready.members,
    pids: () => processTree(child.pid as number),
    kill: (id) => order(child, { kind: 'kill', id }),
    restart: (id) => order(child, { kind: 'restart', id }),
    [Symbol.asyncDispose]: () => end(child),
  }
}

async function order(child: ChildProcess, command: ServeCommand): Promise<void> {
  child.send(command)
  await answerOf(child, 'done')
}

/** The child's next answer, which must be of this kind. Only one command is outstanding at a time. */
function answerOf<K extends ServeAnswer['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<ServeAnswer, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      child.off('message', onMessage).off('exit', onExit)
      act()
    }
    const onMessage = (answer: ServeAnswer): void =>
      settle(() => {
        if (answer.kind === kind) resolve(answer as Extract<ServeAnswer, { kind: K }>)
        else reject(new Error(answer.kind === 'failed' ? answer.message : `unexpected ${answer.kind}`))
      })
    const onExit = (code: number | null): void =>
      settle(() => reject(new Error(`the ensemble's process ended (${code}) before it was ${kind}`)))
    child.on('message', onMessage).on('exit', onExit)
  })
}

/**
 * Disconnecting tells the child to stop. A child that does not stop within 10 s is killed, and that is an
 * error.
 */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.disconnect()
  const overdue = setTimeout(() => child.kill('SIGKILL'), 10_000)
  const [, signal] = await gone
  clearTimeout(overdue)
  if (signal === 'SIGKILL') throw new Error('the ensemble did not stop within 10 s')
}
