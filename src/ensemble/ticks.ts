/**
 * Fake timers of which Node itself is the victim: with `process.nextTick` replaced (Sinon does that unless
 * told otherwise) no socket of this process gets anywhere until the test moves the clock, and so no ensemble.
 */
import { Readable } from 'node:stream'
import { OperationError } from '../api/operationError.ts'
import { setImmediate } from '../time.ts'

/** @throws OperationError `TICKS_FAKED` instead of a wait without an end */
export async function refuseFakedTicks(): Promise<void> {
  let isClosed = false
  // Streams tell of their end in the next tick, whichever function that is.
  new Readable().on('close', () => (isClosed = true)).destroy()
  await new Promise<void>((next) => setImmediate(() => next()))
  if (isClosed) return
  throw new OperationError(
    'TICKS_FAKED',
    'fake timers have replaced process.nextTick, and Node opens no connection without it',
    "leave it out: sinon.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'Date'] }), for instance",
  )
}
