/**
 * The table of ARCHITECTURE.md says which folder imports which; the lint file enforces it. Both must say the
 * same.
 */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('is the same in ARCHITECTURE.md as in the lint file', async () => {
  // A variable, because the file is plain JavaScript without declarations.
  const file = '../../.dependency-cruiser.mjs'
  const { allowed } = (await import(file)) as { allowed: Record<string, string[]> }
  const table = readFileSync('ARCHITECTURE.md', 'utf8').matchAll(/^\| `src\/(\w+)` \| [^|]+ \| ([^|]+) \|$/gm)
  const rows = [...table].map(([, folder, imports = '']) => [
    folder,
    imports === 'nothing' ? [] : imports.split(', '),
  ])
  expect(Object.fromEntries(rows)).toEqual(allowed)
})
