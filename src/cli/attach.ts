/** Shows a running cluster as it goes: the logs of all members with a headline for each change of roles. */
import type { Connection } from '../control/connection.ts'
import { logFormatter } from './format/log.ts'
import { headlines } from './headlines.ts'
import { memberStyle, type Output, wantsColour } from './output.ts'

/** pino's number for it. */
const INFO = 30

/**
 * Prints until the cluster or `signal` ends. With `--json` logs go to stderr, as everywhere. With `fromNow` what has
 * happened already makes no headlines.
 */
export async function attach(
  connection: Connection,
  output: Output,
  options: { signal: AbortSignal; fromNow: boolean; tail?: number },
): Promise<void> {
  const { signal, fromNow, tail } = options
  const stream = output.json ? process.stderr : process.stdout
  const paint = output.json ? output.paintNote : output.paint
  const say = output.json ? output.note : output.print
  const format = logFormatter(paint, wantsColour(stream))
  const logs = async (): Promise<void> => {
    const records = connection.logs({ follow: true, signal, ...(tail === undefined ? {} : { tail }) })
    // Each vote is a debug line: `logs` and `events` show them all.
    for await (const record of records) if (record.level >= INFO) say(format(record))
  }
  const events = async (): Promise<void> => {
    const headlineOf = headlines()
    let since = 0
    if (fromNow) {
      for await (const past of connection.events({ follow: false, signal })) {
        headlineOf(past)
        since = past.seq
      }
    }
    for await (const event of connection.events({ follow: true, since, signal })) {
      const text = headlineOf(event)
      if (text === null) continue
      const style = event.member === null ? 'red' : memberStyle(event.member)
      say(`${paint(style, '==>')} ${paint('bold', text)}`)
    }
  }
  await Promise.all([logs(), events()])
}
