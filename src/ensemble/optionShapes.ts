/** What each option of the library may be. */
import { ENGINES } from '../host/host.ts'
import {
  boolean,
  callback,
  checkValue,
  either,
  listOf,
  milliseconds,
  oneOf,
  recordOf,
  type Shape,
  signal,
  text,
  whole,
} from './checks.ts'
import type { ActionOptions, EnsembleOptions, HandoverOptions, StartOptions } from './options.ts'

type Shapes<T> = Readonly<Record<keyof T & string, Shape>>

const engine = oneOf(ENGINES)

export const ensembleOptions: Shapes<EnsembleOptions> = {
  members: whole(1, 99),
  observers: whole(0, 98),
  ports: either(oneOf(['auto']), whole(1, 65_535)),
  dir: text,
  name: text,
  isolation: oneOf(['thread', 'process']),
  engine: either(engine, recordOf(/^\d+$/, engine, "an engine for each id, { 0: 'apache' } for instance")),
  apacheHome: text,
  set: recordOf(
    /./,
    { words: '', fits: (value) => typeof value === 'string' },
    "keys of zoo.cfg with texts, { tickTime: '500' } for instance",
  ),
  configs: listOf(text, 'an array of zoo.cfg files and folders'),
  waitTimeoutMs: milliseconds,
}

export const actionOptions: Shapes<ActionOptions> = { wait: boolean, waitTimeoutMs: milliseconds }

export const startOptions: Shapes<StartOptions> = { ...actionOptions, resync: boolean }

export const handoverOptions: Shapes<HandoverOptions> = { waitTimeoutMs: milliseconds, signal }

export const eventsOptions: Shapes<{ since?: number; signal?: AbortSignal }> = {
  since: whole(0, Number.MAX_SAFE_INTEGER),
  signal,
}

export const handoverTarget = engine

export const listener = callback

const member = either(
  { words: 'an id or a port', fits: (value) => Number.isInteger(value) && Number(value) >= 0 },
  text,
)

/** Members as callers name them. @param what for example `kill` @throws OperationError, exit code 2 */
export function selectorsOf(what: string, given: unknown): string[] {
  const words = "an id, a port, 'leader', 'follower', 'majority', 'all' or an array of these"
  const fits = (value: unknown) => (Array.isArray(value) ? value.every(member.fits) : member.fits(value))
  checkValue(`the selector of ${what}`, given, { words, fits })
  const each = Array.isArray(given) ? given : [given]
  return each.flatMap((one) => String(one).split(/[\s]+/)).filter((word) => word !== '')
}
