import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PathTrie } from '../../src/tree/pathTrie.ts'

const name = fc.constantFrom('a', 'b', 'ab', 'abc', '')
const path = fc.oneof(
  fc.constant(''),
  fc.array(name, { minLength: 1, maxLength: 6 }).map((names) => `/${names.join('/')}`),
  fc.constantFrom('a', 'a/b', 'ab/a', 'ab'),
)
const change = fc.record({ isSet: fc.boolean(), path, value: fc.nat(9) })

/** At and above, from the root down. */
function above(values: ReadonlyMap<string, number>, of: string): number[] {
  return [...values]
    .filter(([at]) => of === at || of.startsWith(`${at}/`) || (at === '' && of !== ''))
    .sort(([a], [b]) => a.length - b.length)
    .map(([, value]) => value)
}

test('tells what a map would, asked for every ancestor', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.array(path), (changes, asked) => {
      const trie = new PathTrie<number>()
      const values = new Map<string, number>()
      for (const { isSet, path: at, value } of changes) {
        if (isSet) {
          trie.set(at, value)
          values.set(at, value)
        } else {
          trie.delete(at)
          values.delete(at)
        }
        expect(trie.size).toBe(values.size)
      }
      for (const at of [...asked, ...changes.map((one) => one.path)]) {
        expect([...trie.above(at)]).toEqual(above(values, at))
        expect(trie.get(at)).toBe(values.get(at))
      }
    }),
    { numRuns: 500 },
  )
})
