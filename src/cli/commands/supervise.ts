import { rmSync } from 'node:fs'
import { defineCommand } from '../command.ts'
import { adoptOutput, GOES_ON, type StartMessage } from '../detached.ts'
import { describe, exitCodes } from '../errors.ts'
import { supervise } from '../supervise.ts'
import type { UpRequest } from '../upRequest.ts'

/** The background process of `up -d`. It ends when the cluster goes down, or gracefully on a signal. */
export const command = defineCommand<object>({
  name: '__supervise',
  summary: 'the background process of up -d',
  hidden: true,
  arguments: [
    { name: '<request>', description: 'what up was asked for, as JSON' },
    { name: '[output]', description: 'the file that its output goes to' },
  ],
  examples: [],
  async run([request = '', early], _options, output) {
    const tell = (message: StartMessage): void => {
      if (process.connected) process.send?.(message)
    }
    let isLeft = false
    process.once('message', (message) => {
      isLeft = message === GOES_ON
    })
    const toEnd = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => toEnd.abort())
    // A terminal that closes is no reason for a background process to end.
    process.on('SIGHUP', () => {})
    try {
      const asked = JSON.parse(request) as UpRequest
      const supervised = await supervise(asked, (line) => tell({ kind: 'note', line }))
      if (early !== undefined) adoptOutput(asked.dir, early)
      // A starter that is gone before it was notified does not know that the cluster runs, so the cluster is
      // ended.
      if (toEnd.signal.aborted || (!process.connected && !isLeft)) await supervised.stop()
      toEnd.signal.addEventListener('abort', () => void supervised.stop())
      tell({ kind: 'ready' })
      await supervised.ended
      if (supervised.failure === null) return exitCodes.done
      output.note(supervised.failure.message)
      return supervised.failure.exitCode
    } catch (thrown) {
      const error = describe(thrown)
      if (early !== undefined) rmSync(early, { force: true })
      tell({ kind: 'failed', error })
      return error.exitCode
    }
  },
})
