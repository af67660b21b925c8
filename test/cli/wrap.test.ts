/** What people read fits their terminal: sentences are broken between words, tables and paths are not. */
import { describe, expect, it } from 'vitest'
import { errorText } from '../../src/cli/format/error.ts'
import { wrap, wrapText } from '../../src/cli/format/wrap.ts'

describe('sentences', () => {
  it('are broken between words, and what follows the first line is indented', () => {
    expect(wrap('one two three four', 9)).toEqual(['one two', '  three', '  four'])
    expect(wrap('    one two three', 11)).toEqual(['    one two', '      three'])
    expect(wrap('error: one two three', 14, 7)).toEqual(['error: one two', '       three'])
  })

  it('that fit stay as they are, and so does a word that never fits', () => {
    expect(wrap('  one  two', 10)).toEqual(['  one  two'])
    expect(wrap('see /a/path/that/is/long now', 12)).toEqual(['see', '  /a/path/that/is/long', '  now'])
  })

  it('are as wide as they are printed: colours take no room', () => {
    expect(wrap('\u001b[31mone\u001b[39m two', 7)).toEqual(['\u001b[31mone\u001b[39m two'])
  })

  it('leave tables beside them whole', () => {
    const row = '  there   /a/folder of somebody'
    expect(wrapText(`there are many clusters\n${row}`, 16)).toBe(`there are many\n  clusters\n${row}`)
  })
})

describe('an error', () => {
  it('and what to do about it are two paragraphs of 80 columns at most', () => {
    const words = 'word '.repeat(40).trim()
    const lines = errorText(words, `${words}\nlast`).split('\n')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
    expect(lines[0]).toMatch(/^error: word/)
    expect(lines[1]).toMatch(/^ {7}word/)
    expect(lines.at(-2)).toMatch(/^ {4}word/)
    expect(lines.at(-1)).toBe('  last')
  })
})
