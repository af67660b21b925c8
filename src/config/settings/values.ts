/**
 * The text of a setting into its value, as Apache's own reader of that key would take it.
 *
 * A reading never fails: it gives the value in force and says what was wrong. Keys that Apache reads from the file
 * make bad text an error; keys it reads as system properties fall back to the default, with a warning here where
 * Apache is silent.
 */

import type { KeySpec } from './keys.ts'

export interface Reading<T> {
  /** Null when the text cannot be read: the default holds. */
  value: T | null
  /** What is wrong with the text, null when nothing is. */
  fault: string | null
}

const INT_MAX = 2 ** 31 - 1

const ok = <T>(value: T): Reading<T> => ({ value, fault: null })
const bad = <T>(fault: string): Reading<T> => ({ value: null, fault })

export function readNumber(spec: KeySpec, text: string): Reading<number> {
  switch (spec.kind) {
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
      return readInteger(
        text,
        spec.source !== 'file',
        spec.kind === 'long' ? Number.MAX_SAFE_INTEGER : INT_MAX,
      )
  }
}

/** Integer.parseInt takes decimals only; Integer.getInteger decodes, so 0x… , #… and a leading 0 (octal) work. */
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

/** Hours; a unit behind the number is understood from 3.9 on (Time.parseTimeInterval). */
function readInterval(text: string): Reading<number> {
  const match = /^([+-]?\d+)(ms|s|m|h|d|)$/i.exec(text)
  if (match === null) return bad('is not a number of hours')
  const value = Number(match[1]) * (HOURS[(match[2] ?? '').toLowerCase()] ?? 1) + 0
  return Math.abs(value) <= INT_MAX ? ok(value) : bad('is out of range')
}

/** The word each switch listens to, and what it then means; every other word means the opposite. */
const SWITCHES: Readonly<Record<string, { word: string; means: boolean; anyCase: boolean }>> = {
  onlyTrue: { word: 'true', means: true, anyCase: true },
  onlyYes: { word: 'yes', means: true, anyCase: false },
  unlessNo: { word: 'no', means: false, anyCase: false },
  unlessFalse: { word: 'false', means: false, anyCase: false },
}

const ON: ReadonlySet<string> = new Set(['true', 'yes', 'on', '1'])
const OFF: ReadonlySet<string> = new Set(['false', 'no', 'off', '0'])

export function readBoolean(spec: KeySpec, text: string): Reading<boolean> {
  const lower = text.toLowerCase()
  const rule = SWITCHES[spec.kind]
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

/** @returns the fault of a value whose key has no field, null when it can be read. */
export function faultOf(spec: KeySpec, text: string): string | null {
  switch (spec.kind) {
    case 'int':
    case 'long':
    case 'port':
    case 'ratio':
    case 'interval':
      return readNumber(spec, text).fault
    case 'boolean':
    case 'onlyTrue':
    case 'onlyYes':
    case 'unlessNo':
    case 'unlessFalse':
      return readBoolean(spec, text).fault
    default:
      return null
  }
}
