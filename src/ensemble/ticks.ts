/**
 * Fake timers that stop Node itself: while `process.nextTick` is replaced (as Sinon does by default), no
 * socket of this process makes progress until the test moves the clock, and so no ensemble does.
 */
import { Readable } from 'node:stream'
import { OperationError } from '../api/operationError.ts'
import { setImmediate } from '../time.ts'

/** @throws OperationError `TICKS_FAKED` instead of waiting for ever */
export async function refuseFakedTicks(): Promise<void> {
  let isClosed = false
  // Streams report their end in the next tick, by whichever function `nextTick` is then.
  new Readable().on('close', () => (isClosed = true)).destroy()
  await new Promise<void>((next) => setImmediate(() => next()))
  if (isClosed) return
  throw new OperationError(
    'TICKS_FAKED',
    'fake timers have replaced process.nextTick, and Node opens no connection without it',
    "leave it out: sinon.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'Date'] }), for instance",
  )
}
