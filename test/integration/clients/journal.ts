/**
 * The journal that contenders for a lock append to: `+name kind` inside the lock, `-name kind` before they go out.
 * Appends to one file are in the order in which they happened, so nobody has to trust the ensemble under test.
 */

/** Who was inside at one time. */
export interface Inside {
  names: string[]
  kinds: string[]
}

/** Who was inside after each line. @throws when somebody enters twice or leaves without having entered */
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
