/** Follows a running cluster: the logs of all members with a headline for each change of roles. */
import type { Connection, LogRecord } from '../control/connection.ts'
import { logFormatter } from './format/log.ts'
import { clockText } from './format/words.ts'
import { printedWidth, wrap } from './format/wrap.ts'
import { headlines } from './headlines.ts'
import { InOrder } from './inOrder.ts'
import { memberStyle, type Output, wantsColour } from './output.ts'

/** pino's number for it. */
const INFO = 30

/**
 * `logs` shows everything; here votes, which are debug lines, are left out, and so are Apache ZooKeeper's own
 * log lines below warnings (they carry the name of a logger): what our members would log is logged for them
 * as well.
 */
function isShown({ level, logger }: LogRecord): boolean {
  return logger === undefined ? level >= INFO : level > INFO
}

/**
 * Prints until the cluster or `signal` ends. With `--json` logs go to stderr, as everywhere. With `fromNow`
 * earlier events make no headlines. `sinceMs` (since 1970) leaves out older log lines.
 */
export async function attach(
  connection: Connection,
  output: Output,
  options: { signal: AbortSignal; fromNow: boolean; tail?: number; sinceMs?: number },
): Promise<void> {
  const { signal, fromNow, tail, sinceMs = 0 } = options
  const stream = output.json ? process.stderr : process.stdout
  const paint = output.json ? output.paintNote : output.paint
  const say = (line: string) => (output.json ? output.raw(`${line}\n`) : output.print(line))
  const width = () => stream.columns ?? Number.POSITIVE_INFINITY
  const format = logFormatter({ paint, colours: wantsColour(stream), stacks: false, width })
  const lines = new InOrder(say)
  const logs = async (): Promise<void> => {
    const records = connection.logs({ follow: true, signal, ...(tail === undefined ? {} : { tail }) })
    for await (const record of records) {
      if (isShown(record) && record.time >= sinceMs) lines.add(record.time, format(record))
    }
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
      const when = `${paint('dim', clockText(event.at))} ${paint(style, '==>')} `
      const said = wrap(`${when}${paint('bold', text)}`, width(), printedWidth(when))
      lines.add(event.at, said.join('\n'))
    }
  }
  try {
    await Promise.all([logs(), events()])
  } finally {
    lines.end()
  }
}
