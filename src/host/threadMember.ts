/**
 * The entry of a worker thread, whose one task is one member. The task ends when the member does. A kill ends
 * the thread at once, and the system closes its sockets.
 */
import type { MessagePort } from 'node:worker_threads'
import { setImmediate } from '../time.ts'
import { MemberMain } from './memberMain.ts'
import type { FromMember, ToMember } from './messages.ts'

export interface ThreadTask {
  readonly port: MessagePort
  /** One int32, which is not 0 while the member is paused. */
  readonly pauseFlag: SharedArrayBuffer
}

export default function runMember({ port, pauseFlag }: ThreadTask): Promise<void> {
  const flag = new Int32Array(pauseFlag)
  return new Promise((resolve) => {
    const member = new MemberMain({
      send: (message: FromMember) => port.postMessage(message),
      // The whole thread waits, so timers and sockets freeze as they do after SIGSTOP.
      block: () => void Atomics.wait(flag, 0, 1),
      done: () => setImmediate(resolve),
    })
    process.on('uncaughtException', (error) => member.crash(error))
    process.on('unhandledRejection', (error) => member.crash(error))
    port.on('message', (message: ToMember) => member.receive(message))
    port.postMessage({ kind: 'ready' } satisfies FromMember)
  })
}
