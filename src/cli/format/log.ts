/**
 * Log records for a terminal: pino-pretty's lines with the member's name in its own colour in front. Loaded only by
 * the commands that print logs.
 */
import { prettyFactory } from 'pino-pretty'
import type { LogRecord } from '../../control/connection.ts'
import { memberStyle, type Paint } from '../output.ts'

export interface LogStyle {
  paint: Paint
  colours: boolean
  /** Whole stack traces; else their first lines. */
  stacks: boolean
}

/** A function from a record to its text, without the newline at the end. */
export function logFormatter({ paint, colours, stacks }: LogStyle): (record: LogRecord) => string {
  const pretty = prettyFactory({
    colorize: colours,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,member,name',
    singleLine: true,
  })
  return ({ logger, stack, ...record }) => {
    const said = logger === undefined ? (record.msg ?? '') : `${logger}: ${record.msg ?? ''}`
    const [first = '', ...more] = typeof stack === 'string' ? stack.split('\n') : []
    const msg = first === '' || stacks ? said : `${said} (${first})`
    const lines = first === '' || !stacks ? [] : [first, ...more].map((line) => `\n    ${line.trim()}`)
    const text = pretty({ ...record, msg }).trimEnd() + lines.join('')
    const prefix = record.member === undefined ? 'ensemble' : `member ${record.member}`
    const shown = record.member === undefined ? prefix : paint(memberStyle(record.member), prefix)
    return `${shown} ${paint('dim', '|')} ${text}`
  }
}
