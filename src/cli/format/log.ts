/**
 * Log records for a terminal: pino-pretty's lines with the member's name in its own colour in front. Loaded
 * only by the commands that print logs.
 */
import { prettyFactory } from 'pino-pretty'
import type { LogRecord } from '../../control/connection.ts'
import { memberStyle, type Paint } from '../output.ts'
import { printedWidth, wrap } from './wrap.ts'

interface LogStyle {
  paint: Paint
  colours: boolean
  /** Whole stack traces; else their first lines. */
  stacks: boolean
  /**
   * Columns for a line: a record's fields are shortened or dropped where they would not fit, and its message
   * is broken.
   */
  width?: () => number
}

/** Fields shorter than this are useless. */
const LEAST_FIELDS = 12

/** A function from a record to its text, without the newline at the end. */
export function logFormatter({ paint, colours, stacks, width }: LogStyle): (record: LogRecord) => string {
  const pretty = prettyFactory({
    colorize: colours,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,member,name',
    singleLine: true,
  })
  const within = (room: number, record: LogRecord): string => {
    const whole = pretty(record).trimEnd()
    if (printedWidth(whole) <= room) return whole
    const { level, time, msg, member: _, ...fields } = record
    const said = pretty({ level, time, msg }).trimEnd()
    const left = room - printedWidth(said) - ' …'.length
    return left < LEAST_FIELDS
      ? wrap(said, room).join('\n')
      : `${said} ${JSON.stringify(fields).slice(0, left)}…`
  }
  return ({ logger, stack, ...record }) => {
    const said = logger === undefined ? (record.msg ?? '') : `${logger}: ${record.msg ?? ''}`
    const [first = '', ...more] = typeof stack === 'string' ? stack.split('\n') : []
    const msg = first === '' || stacks ? said : `${said} (${first})`
    const lines = first === '' || !stacks ? [] : [first, ...more].map((line) => `\n    ${line.trim()}`)
    const prefix = record.member === undefined ? 'ensemble' : `member ${record.member}`
    const shown = record.member === undefined ? prefix : paint(memberStyle(record.member), prefix)
    const room = (width?.() ?? Number.POSITIVE_INFINITY) - prefix.length - ' | '.length
    const bar = ` ${paint('dim', '|')} `
    const text = within(room, { ...record, msg }).replaceAll('\n', `\n${' '.repeat(prefix.length)}${bar}`)
    return `${shown}${bar}${text}${lines.join('')}`
  }
}
