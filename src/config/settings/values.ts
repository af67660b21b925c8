/**
 * The text of a setting into its value, as Apache's own reader of that key takes it.
 *
 * A reading never fails: it gives the value in force and says what is wrong with the text. For keys that
 * Apache reads from the file, bad text is an error; for keys that it reads as system properties, the default
 * is used, with a warning here where Apache is silent.
 */
import { isIPv6 } from 'node:net'
import type { Kind, Row, Value } from './row.ts'

interface Reading<T> {
  /** Null when the text cannot be read: the default holds. */
  value: T | null
  /** What is wrong with the text; null when nothing is. */
  fault: string | null
}

const INT_MAX = 2 ** 31 - 1

const ok = <T>(value: T): Reading<T> => ({ value, fault: null })
const bad = <T>(fault: string): Reading<T> => ({ value: null, fault })

/** Kinds whose values are taken as they stand, so that an empty one is as good as a missing one. */
const TEXTS: ReadonlySet<Kind> = new Set(['path', 'host', 'text', 'words', 'family'])

export function isText({ kind }: Row): boolean {
  return TEXTS.has(kind)
}

export function readValue(row: Row, text: string): Reading<Value> {
  switch (row.kind) {
    case 'int':
    case 'long':
    case 'port':
    case 'ratio':
    case 'interval':
      return readNumber(row, text)
    case 'boolean':
    case 'onlyTrue':
    case 'onlyYes':
    case 'unlessNo':
    case 'unlessFalse':
      return readBoolean(row, text)
    case 'role': {
      const role = text.toLowerCase()
      return role === 'observer' || role === 'participant'
        ? ok(role)
        : bad('is neither participant nor observer')
    }
    case 'words':
      return ok(
        text
          .split(',')
          .map((word) => word.trim())
          .filter((word) => word !== ''),
      )
    case 'host':
      return ok(withoutBrackets(text))
    default:
      return ok(text)
  }
}

function readNumber(row: Row, text: string): Reading<number> {
  const reading = numberIn(row, text)
  const isTooSmall = row.min !== undefined && reading.value !== null && reading.value < row.min
  // A default below the minimum (−1 for "as the system does") may be written out.
  return isTooSmall && text !== row.default ? bad(`must be at least ${row.min}`) : reading
}

function numberIn({ kind, source }: Row, text: string): Reading<number> {
  switch (kind) {
    case 'ratio':
      // `+ 0`: a written "-0" is 0.
      return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
        ? ok(Number(text) + 0)
        : bad('is not a number')
    case 'interval':
      return readInterval(text)
    case 'port':
      return readPort(text)
    default:
      return readInteger(text, source !== 'file', kind === 'long' ? Number.MAX_SAFE_INTEGER : INT_MAX)
  }
}

/** Integer.parseInt takes decimals only; Integer.getInteger also takes 0x…, #… and a leading 0 (octal). */
function readInteger(text: string, decodes: boolean, max: number): Reading<number> {
  const match = /^([+-]?)(0[xX]|#|0(?=[0-7]))?([0-9a-fA-F]+)$/.exec(text)
  if (match === null) return bad('is not a number')
  const [, sign = '', prefix = '', digits = ''] = match
  const radix = prefix === '' || !decodes ? 10 : prefix === '0' ? 8 : 16
  if (!decodes && prefix !== '' && prefix !== '0') return bad('is not a decimal number')
  if (!(radix === 16 ? /^[0-9a-fA-F]+$/ : radix === 8 ? /^[0-7]+$/ : /^\d+$/).test(digits)) {
    return bad('is not a number')
  }
  const value = Number.parseInt(digits, radix) * (sign === '-' ? -1 : 1)
  // `+ 0` turns the −0 of "-0" into 0.
  return value <= max && value >= -max - 1 ? ok(value + 0) : bad('is out of range')
}

export function readPort(text: string): Reading<number> {
  if (!/^[+-]?\d+$/.test(text)) return bad('is not a port number')
  const port = Number(text)
  return port >= 1 && port <= 65535 ? ok(port) : bad('is out of range; a port is 1 to 65535')
}

const HOURS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1 / 3_600_000,
  s: 1 / 3600,
  m: 1 / 60,
  h: 1,
  d: 24,
}

/** Hours; Apache understands a unit after the number from 3.9 on (Time.parseTimeInterval). */
function readInterval(text: string): Reading<number> {
  const match = /^([+-]?\d+)(ms|s|m|h|d|)$/i.exec(text)
  if (match === null) return bad('is not a number of hours')
  const value = Number(match[1]) * (HOURS[(match[2] ?? '').toLowerCase()] ?? 1) + 0
  return Math.abs(value) <= INT_MAX ? ok(value) : bad('is out of range')
}

/** The word that each switch knows, and what it means; every other word means the opposite. */
const SWITCHES: Readonly<Record<string, { word: string; means: boolean; anyCase: boolean }>> = {
  onlyTrue: { word: 'true', means: true, anyCase: true },
  onlyYes: { word: 'yes', means: true, anyCase: false },
  unlessNo: { word: 'no', means: false, anyCase: false },
  unlessFalse: { word: 'false', means: false, anyCase: false },
}

const ON: ReadonlySet<string> = new Set(['true', 'yes', 'on', '1'])
const OFF: ReadonlySet<string> = new Set(['false', 'no', 'off', '0'])

function readBoolean({ kind }: Row, text: string): Reading<boolean> {
  const lower = text.toLowerCase()
  const rule = SWITCHES[kind]
  if (rule === undefined) {
    return lower === 'true' ? ok(true) : lower === 'false' ? ok(false) : bad("is neither 'true' nor 'false'")
  }
  const matches = (rule.anyCase ? lower : text) === rule.word
  const value = matches === rule.means
  const asMeant = (value ? ON : OFF).has(lower)
  return asMeant
    ? ok(value)
    : { value, fault: `leaves it ${value ? 'on' : 'off'}: only '${rule.word}' counts` }
}

/** InetAddress.getByName takes IPv6 addresses with and without brackets, and brackets around nothing else. */
function withoutBrackets(host: string): string {
  const inner = /^\[(.*)\]$/.exec(host)?.[1]
  return inner !== undefined && isIPv6(inner) ? inner : host
}
