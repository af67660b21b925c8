/** Options that several commands share, with their checks. */
import type { OptionSpec } from './command.ts'
import { nearest, usageError } from './errors.ts'

export interface JsonOptions {
  json?: boolean
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

/** The one of `words` that `text` is; what is near to one is asked back. `flag` names the option or argument. */
export function choiceOf<T extends string>(flag: string, words: readonly T[], text: string, given = text): T {
  const found = words.find((word) => word === text)
  if (found !== undefined) return found
  const meant = nearest(text, words)
  const taken = [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ')
  throw usageError(
    `${flag} takes ${taken}; "${given}" is not that`,
    meant === null ? null : `did you mean ${meant}?`,
  )
}
