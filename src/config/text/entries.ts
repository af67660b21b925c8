/**
 * Turns entries as people write them into what they mean, with a warning where Apache refuses or misreads.
 * Pure.
 */

import { type Problem, problem } from '../problem.ts'
import { keySpec, MEMBERSHIP_KEY } from '../settings/keys.ts'
import type { Row } from '../settings/row.ts'
import type { Entry } from './lexer.ts'

/**
 * Removes the comment after a value, even one without a blank before it if the value cannot contain its mark.
 */
export function withoutComment(entry: Entry, problems: Problem[]): Entry {
  const spec = keySpec(entry.key)
  const { value, comment } = splitComment(entry, spec)
  if (comment === null) return entry
  const message = `a comment behind the value of ${entry.key}: Apache ZooKeeper ${effectOfComment(entry, spec)}`
  problems.push(problem('warning', entry, message, 'put it on a line of its own'))
  return { ...entry, value, comment }
}

const LITERAL: ReadonlySet<string> = new Set(['path', 'text', 'host'])

function splitComment(entry: Entry, spec: Row | null): { value: string; comment: string | null } {
  const { value, comment } = entry
  const glued = MEMBERSHIP_KEY.test(entry.key) || (spec !== null && !LITERAL.has(spec.kind))
  const mark = glued ? value.search(/#|\/\//) : -1
  // A value that begins with a mark is kept, so that it is reported as the faulty value that it is.
  if (mark <= 0) return entry
  return { value: value.slice(0, mark).trimEnd(), comment: value.slice(mark) + (comment ?? '') }
}

function effectOfComment(entry: Entry, spec: Row | null): string {
  if (MEMBERSHIP_KEY.test(entry.key)) return 'refuses the file for it'
  if (spec === null || LITERAL.has(spec.kind) || spec.kind === 'words') return 'takes it as part of the value'
  return spec.source === 'file'
    ? 'refuses the file for it'
    : 'cannot read the value with it and uses the default'
}

/** QuorumMaj and QuorumHierarchical do not trim these values. */
export function reportBlankBehind(entry: Entry, problems: Problem[]): void {
  const harmless = /:\s*(observer|participant)$/i.test(entry.value)
  if (!entry.trailingBlank || harmless) return
  const message = `${entry.key} has blanks behind its value, for which Apache ZooKeeper refuses the file`
  problems.push(problem('warning', entry, message, 'remove them'))
}

export function lastOfEach(entries: readonly Entry[], problems: Problem[]): Map<string, Entry> {
  const byKey = new Map<string, Entry>()
  for (const entry of entries) {
    const earlier = byKey.get(entry.key)
    if (earlier !== undefined) {
      const message = `${entry.key} is set in line ${earlier.line} already; this line wins`
      problems.push(problem('warning', entry, message, 'remove one of them'))
      byKey.delete(entry.key)
    }
    byKey.set(entry.key, entry)
  }
  return byKey
}
