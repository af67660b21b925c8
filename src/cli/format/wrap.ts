/**
 * Sentences broken at blanks: whatever is printed for people is no wider than their terminal, and no word is
 * cut.
 */
import { stripVTControlCharacters } from 'node:util'

/** Wider terminals get it too: lines of this length read best. */
export const TEXT_WIDTH = 80

/**
 * One line as several, none longer than `width` where words allow it. Those after the first are indented by
 * `hang` more.
 */
export function wrap(text: string, width: number, hang = 2): string[] {
  if (printedWidth(text) <= width) return [text]
  const indent = /^ */.exec(text)?.[0] ?? ''
  const lines: string[] = []
  let line = ''
  for (const word of text.slice(indent.length).split(' ')) {
    const start = lines.length === 0 ? indent : indent + ' '.repeat(hang)
    if (line === '') line = start + word
    else if (printedWidth(line) + 1 + printedWidth(word) <= width) line += ` ${word}`
    else {
      lines.push(line)
      line = `${indent}${' '.repeat(hang)}${word}`
    }
  }
  lines.push(line)
  return lines
}

/** Text of several lines. Rows of tables stay whole: two blanks between words are a gap between columns. */
export function wrapText(text: string, width: number, hang = 2): string {
  const lines = text.split('\n')
  return lines.flatMap((line) => (/\S {2,}\S/.test(line) ? [line] : wrap(line, width, hang))).join('\n')
}

export function printedWidth(text: string): number {
  return stripVTControlCharacters(text).length
}
