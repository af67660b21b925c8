/** Options that several commands share, with their checks. */
import { existsSync } from 'node:fs'
import { slipIn } from '../config/load/paths.ts'
import type { OptionSpec } from './command.ts'
import { nearest, usageError } from './errors.ts'

export interface JsonOptions {
  json?: boolean
}

/**
 * A parser of folders for the option `flag`. A shell leaves the ~ in `--dir=~/zk` as it is, but no folder
 * named ~ is meant.
 */
export function folderOf(flag: string): (text: string) => string {
  return (text) => {
    const slip = existsSync(text) ? null : slipIn(text)
    if (slip === null) return text
    throw usageError(`${flag} ${text} is taken literally, and ${slip.meaning}`, slip.hint)
  }
}

/** How a command finds its cluster. */
export interface ClusterOptions extends JsonOptions {
  name?: string
  dir?: string
}

export const jsonOption: OptionSpec = { flags: '--json', description: 'print one JSON document on stdout' }

export const clusterOptions: OptionSpec[] = [
  { flags: '--name <name>', description: 'the cluster of this name', complete: 'cluster' },
  {
    flags: '--dir <folder>',
    description: 'the cluster in this folder (default .zk-pseudo)',
    parse: folderOf('--dir'),
    complete: 'folder',
  },
]

export interface WaitOptions {
  waitTimeout: number
}

/** Seconds on the command line, milliseconds in the program. */
export function waitTimeoutOption(description: string, defaultSeconds: number): OptionSpec {
  return {
    flags: '--wait-timeout <seconds>',
    description: `${description} (default ${defaultSeconds})`,
    parse: (text) => {
      const seconds = Number(text)
      if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0 || seconds > 86_400) {
        throw usageError(
          `--wait-timeout takes seconds, 0 to 86400; "${text}" is not that`,
          'for example: --wait-timeout 30',
        )
      }
      return Math.round(seconds * 1000)
    },
    default: defaultSeconds * 1000,
  }
}

/** A parser of whole numbers from `least` to `most` for the option `flag`. */
export function wholeNumber(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw usageError(`${flag} takes a whole number, ${least} to ${most}; "${text}" is not that`)
    }
    return value
  }
}

/**
 * The one of `words` that `text` equals; for a similar text the error suggests the word. `flag` names the
 * option or argument.
 */
export function choiceOf<T extends string>(flag: string, words: readonly T[], text: string, given = text): T {
  const found = words.find((word) => word === text)
  if (found !== undefined) return found
  // `warning` and `proc` differ by more than a typing error, and are as clear.
  const begun = words.find((word) => text !== '' && (word.startsWith(text) || text.startsWith(word)))
  const meant = begun ?? nearest(text, words)
  const taken = [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ')
  throw usageError(
    `${flag} takes ${taken}; "${given}" is not that`,
    meant === null ? null : `did you mean ${meant}?`,
  )
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A parser of points in time for the option `flag`: a duration ago (`1h30m`), a time today, a date; ms since
 * 1970.
 */
export function parseMoment(flag: string): (text: string) => number {
  return (text) => {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
    if (parts.length > 0 && parts.map(([part]) => part).join('') === text) {
      return (
        Date.now() -
        parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0)
      )
    }
    const isClock = /^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text)
    const isDate = /^\d{4}-\d{2}-\d{2}([T ].*)?$/.test(text)
    const clock = text.indexOf(':') === 1 ? `0${text}` : text
    const moment = isClock ? Date.parse(`${today()}T${clock}`) : isDate ? dateOf(text) : Number.NaN
    if (!Number.isNaN(moment)) return moment
    throw usageError(
      `${flag} takes so long ago, or a point in time; "${text}" is not that`,
      'for example: 5m, 1h30m, 14:03, 2026-12-01T14:03:07',
    )
  }
}

/** A date alone means its beginning here, not in Greenwich. */
function dateOf(text: string): number {
  return Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'))
}

/** The local date, as in a timestamp. */
function today(): string {
  const now = new Date()
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}
