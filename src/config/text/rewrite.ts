/**
 * Changes some settings of a zoo.cfg; every other line, including comments, stays where and as it is. Pure.
 *
 * A line that this program accepts and Apache would refuse or misread (a comment after a value, blanks after
 * a server line, characters outside ASCII, a byte order mark) is written anew, so that the result works with
 * both.
 */

import type { SourceText } from '../load/parse.ts'
import { MEMBERSHIP_KEY } from '../settings/keys.ts'
import { withoutComment } from './entries.ts'
import { type Entry, lex } from './lexer.ts'
import { line } from './line.ts'

interface Rewriting {
  /** New values by key; null removes the line. Keys that the file does not have are added at its end. */
  values: ReadonlyMap<string, string | null>
  /** The lines that replace server, group and weight lines and dynamicConfigFile. */
  list: readonly string[]
}

export function rewriteConfig(source: SourceText, { values, list }: Rewriting): string {
  const missing = new Map(values)
  let pendingList: readonly string[] = list
  const written = eachStatement(source, (entry, raw) => {
    if (entry === null) return raw
    if (MEMBERSHIP_KEY.test(entry.key) || entry.key === 'dynamicConfigFile') {
      const put = pendingList
      pendingList = []
      return put
    }
    const value = values.get(entry.key)
    missing.delete(entry.key)
    if (value === null) return []
    return value === undefined || value === entry.value ? inAscii(entry, raw) : commented(entry, value)
  })
  const added = [...missing].flatMap(([key, value]) => (value === null ? [] : [line(key, value)]))
  const tail = [...added, ...pendingList]
  return `${[...withoutBlankEnd(written), ...(tail.length > 0 ? ['', ...tail] : [])].join('\n')}\n`
}

/** The beginning of a file that a command of this program has made from another file. */
export const MADE_BY = '# Made by zk-pseudo'

/** Adds a first line that says where the text is from, and replaces one that an earlier command has added. */
export function withHead(text: string, head: string): string {
  const body = text.startsWith(MADE_BY) ? text.slice(text.indexOf('\n') + 1) : text
  return `${MADE_BY} ${head}\n${body}`
}

/** The settings of a file as they are read: the last of each key, without the comment after the value. */
export function settingsIn(source: SourceText): Map<string, string> {
  const { entries } = lex(source.text, source.file)
  return new Map(entries.map((entry) => withoutComment(entry, [])).map(({ key, value }) => [key, value]))
}

/** @param rewrite gets the lines of one setting, or one other line with a null entry */
function eachStatement(
  { text, file }: SourceText,
  rewrite: (entry: Entry | null, raw: string[]) => readonly string[],
): string[] {
  const entries = new Map(lex(text, file).entries.map((entry) => [entry.line, entry]))
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  const written: string[] = []
  for (let at = 0; at < lines.length; ) {
    const entry = entries.get(at + 1) ?? null
    let end = at + 1
    while (entry !== null && isContinued(lines[end - 1] as string) && end < lines.length) end += 1
    const plain = entry === null ? null : withoutComment(entry, [])
    written.push(...rewrite(plain, lines.slice(at, end)))
    at = end
  }
  return written
}

function isContinued(text: string): boolean {
  return ((/\\*$/.exec(text) as RegExpExecArray)[0].length & 1) === 1
}

function inAscii(entry: Entry, raw: string[]): string[] {
  const isPlain = entry.comment === null && /^[\t\f\x20-\x7e]*$/.test(raw.join(''))
  return isPlain ? raw : commented(entry, entry.value)
}

function commented({ key, comment }: Entry, value: string): string[] {
  const own = comment === null ? [] : [`# ${comment.replace(/^(#|\/\/)\s*/, '')}`]
  return [...own, line(key, value)]
}

function withoutBlankEnd(lines: string[]): string[] {
  const last = lines.findLastIndex((text) => text.trim() !== '')
  return lines.slice(0, last + 1)
}
