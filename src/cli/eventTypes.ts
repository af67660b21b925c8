/** The types of events by which `events` chooses. */
import type { ClusterEvent } from '../api/api.ts'
import { nearest, usageError } from './errors.ts'

type EventType = ClusterEvent['event']['type']

/** Whether an event is shown by default. Single votes, sent or received, are not. */
const IS_TOLD: Readonly<Record<EventType, boolean>> = {
  role: true,
  'vote-sent': false,
  'vote-received': false,
  elected: true,
  established: true,
  sync: true,
  serving: true,
  'session-opened': true,
  'session-moved': true,
  'session-expired': true,
  'session-closed': true,
  'connection-refused': true,
  snapshot: true,
  fatal: true,
  log: true,
  'cluster-up': true,
  'cluster-down': true,
  'member-started': true,
  'member-killed': true,
  'member-stopped': true,
  'member-paused': true,
  'member-resumed': true,
  'member-crashed': true,
  'data-set-aside': true,
  verdict: true,
  'engine-changed': true,
  handover: true,
}

export function isTold({ event }: ClusterEvent): boolean {
  if (event.type === 'log') return event.level !== 'debug'
  // A type that a newer supervisor knows and this command line does not is shown.
  return IS_TOLD[event.type] ?? true
}

/**
 * Collects `--type elected,vote --type session`: types, and the first words of several. @throws a usage error
 */
export function parseEventTypes(text: string, previous: unknown): Set<string> {
  const types = Object.keys(IS_TOLD)
  const groups = types.map((type) => type.replace(/-.*/, ''))
  const chosen = new Set(previous as Set<string> | undefined)
  for (const word of text.split(',')) {
    const named = types.filter((type) => type === word || type.startsWith(`${word}-`))
    for (const type of named) chosen.add(type)
    if (named.length > 0) continue
    const meant = nearest(word, [...types, ...groups])
    const all = `the types are ${types.join(', ')}; vote, session, member and cluster stand for those that begin so`
    throw usageError(`"${word}" is no type of event`, meant === null ? all : `did you mean ${meant}?`)
  }
  return chosen
}
