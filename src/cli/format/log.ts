/**
 * Log records for a terminal: pino-pretty's lines with the member's name in its own colour in front. Loaded only by
 * the commands that print logs.
 */
import { prettyFactory } from 'pino-pretty'
import type { LogRecord } from '../../control/connection.ts'
import { memberStyle, type Paint } from '../output.ts'

/** A function from a record to its text, without the newline at the end. */
export function logFormatter(paint: Paint, colours: boolean): (record: LogRecord) => string {
  const pretty = prettyFactory({
    colorize: colours,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,member,name',
    singleLine: true,
  })
  return (record) => {
    const text = pretty(record).trimEnd()
    const prefix = record.member === undefined ? 'ensemble' : `member ${record.member}`
    const shown = record.member === undefined ? prefix : paint(memberStyle(record.member), prefix)
    return `${shown} ${paint('dim', '|')} ${text}`
  }
}
