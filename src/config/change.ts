/**
 * Reports how a setting changes in the files of all members, once for all of them. Pure.
 *
 * A rule says what a key becomes in the file of one member, and why. The reported changes are found by
 * comparing that with what was written, so that nothing changes without a report.
 */

/**
 * `from` is null for a setting that was added, and `to` for one that was removed. Equal values mean that a
 * setting was kept, which is worth a word. Both are null for a note that is about no setting.
 */
export interface Change {
  /** A key of zoo.cfg, or whatever else has changed. */
  what: string
  from: string | null
  to: string | null
  why: string
}

export interface Rule<Member> {
  key: string
  why: string
  /** The new value; null removes the key, and undefined leaves it as it is. */
  to(member: Member): string | null | undefined
  /** All new values in one text, if they differ from member to member in an obvious way. */
  shown?: string
}

/** @param written what a key says in the file that this member comes from */
export function changesOf<Member>(
  rules: readonly Rule<Member>[],
  members: readonly Member[],
  written: (member: Member, key: string) => string | null,
): Change[] {
  return rules.flatMap(({ key, why, to, shown }) => {
    const pairs = members.map((member) => {
      const from = written(member, key)
      const next = to(member)
      return { from, to: next === undefined ? from : next }
    })
    if (pairs.every(({ from, to }) => from === to)) return []
    const news = together(pairs.map((pair) => pair.to))
    const isSame = new Set(pairs.map((pair) => pair.to)).size === 1
    return [
      { what: key, from: distinct(pairs.map(({ from }) => from)), to: isSame ? news : (shown ?? news), why },
    ]
  })
}

/** The values by key that the rules give to the file of one member. */
export function valuesFor<Member>(
  rules: readonly Rule<Member>[],
  member: Member,
): Map<string, string | null> {
  const values = new Map<string, string | null>()
  for (const { key, to } of rules) {
    const value = to(member)
    if (value !== undefined) values.set(key, value)
  }
  return values
}

/** `clientPort: 2181 → 2181, 2182, 2183: one machine has each port once`. */
export function formatChange({ what, from, to, why }: Change): string {
  if (from === null && to === null) return `${what}: ${why}`
  if (from === null) return `${what}: ${to} added: ${why}`
  if (to === null) return `${what}: ${from} removed: ${why}`
  return from === to ? `${what}: ${from} kept: ${why}` : `${what}: ${from} → ${to}: ${why}`
}

function distinct(values: readonly (string | null)[]): string | null {
  const present = [...new Set(values)].filter((value) => value !== null)
  return present.length === 0 ? null : present.join(', ')
}

function together(values: readonly (string | null)[]): string | null {
  const present = values.filter((value) => value !== null)
  if (present.length === 0) return null
  return new Set(values).size === 1 ? (present[0] as string) : values.map((value) => value ?? '-').join(', ')
}
