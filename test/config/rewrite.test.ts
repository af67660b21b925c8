import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load/parse.ts'
import { rewriteConfig } from '../../src/config/text/rewrite.ts'

describe('rewriteConfig', () => {
  it('leaves a file as it is when nothing is changed in it', () => {
    const text = ['# a', '', 'a=1', '  b : 2', 'c=\\', ' 3', '! d', 'e'].join('\n')
    expect(rewriteConfig({ file: 'f', text }, { values: new Map([['a', '1']]), list: [] })).toBe(`${text}\n`)
  })

  it('gives any file the given values, and changes no other key', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'b', '=', ' ', '\\', '#', '\t', ':', 'é'),
      maxLength: 6,
    })
    const lines = fc.array(
      fc.tuple(word, word).map(([key, value]) => `k${key}=${value}`),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(
        lines,
        fc.string({ maxLength: 8 }).map((value) => value.trim()),
        (written, value) => {
          const before = { file: 'f', text: written.join('\n') }
          const text = rewriteConfig(before, { values: new Map([['new', value]]), list: [] })
          const { other: was } = parseConfig(before.text, 'f').config
          const { other } = parseConfig(text, 'f').config
          expect(other).toEqual({ ...was, new: value })
        },
      ),
    )
  })
})
