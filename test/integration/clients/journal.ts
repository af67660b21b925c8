/**
 * The journal that contenders for a lock append to: `+name kind` inside the lock, `-name kind` before they
 * leave it. Appends to one file are in the order in which they happened, so the test need not trust the
 * ensemble under test.
 */

/** The contenders that were inside at one time. */
export interface Inside {
  names: string[]
  kinds: string[]
}

/** The contenders inside after each line. @throws when one enters twice or leaves without having entered */
export function insideAt(journal: string): Inside[] {
  const inside = new Map<string, string>()
  return journal
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name, kind] = line.slice(1).split(' ') as [string, string]
      if (inside.has(name) === line.startsWith('+')) throw new Error(`"${line}" cannot follow here`)
      if (line.startsWith('+')) inside.set(name, kind)
      else inside.delete(name)
      return { names: [...inside.keys()], kinds: [...inside.values()] }
    })
}
