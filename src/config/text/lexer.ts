/**
 * Splits zoo.cfg into entries with their lines.
 *
 * The format is that of java.util.Properties, with which Apache loads the file: `#` and `!` comments at the
 * start of a line, `=`, `:` or a blank between key and value, backslash escapes, and continuation lines. One
 * thing is added: a comment after a value (` # …` or ` // …`), which people write and which Apache takes as
 * part of the value. Invariant: the lexer accepts every text, and what Apache would refuse or misread becomes
 * a problem.
 */

import { type Location, type Problem, problem } from '../problem.ts'

export interface Entry extends Location {
  line: number
  key: string
  /** Without the comment after it, and trimmed as Apache trims it. */
  value: string
  /** The comment after the value, with its mark; null when there is none. */
  comment: string | null
  /** Whether blanks follow the value, which Apache accepts except in server, group and weight lines. */
  trailingBlank: boolean
}

interface LogicalLine {
  line: number
  text: string
}

const BLANK = /[ \t\f]/

/** @returns entries in file order, duplicates included. */
export function lex(text: string, file: string): { entries: Entry[]; problems: Problem[] } {
  const entries: Entry[] = []
  const problems: Problem[] = []
  const bom = text.startsWith('\uFEFF')
  if (bom) {
    const hint = 'Apache ZooKeeper reads it as part of the first key: save the file without it'
    problems.push(problem('warning', { file, line: 1 }, 'the file starts with a byte order mark', hint))
  }
  for (const logical of logicalLines(bom ? text.slice(1) : text)) {
    entries.push(entryOf(logical, file, problems))
  }
  return { entries, problems }
}

/** Joins continuation lines, and drops blank lines and comments (Properties.LineReader.readLine). */
function* logicalLines(text: string): Generator<LogicalLine> {
  const lines = text.split(/\r\n|\r|\n/)
  for (let i = 0; i < lines.length; i++) {
    const first = withoutIndent(lines[i] ?? '')
    if (first === '' || first.startsWith('#') || first.startsWith('!')) continue
    const line = i + 1
    let joined = first
    // A line that is only a backslash continues nothing, so the next line starts anew.
    while (joined !== '\\' && endsInOddBackslashes(joined) && i + 1 < lines.length) {
      joined = joined.slice(0, -1) + withoutIndent(lines[++i] ?? '')
    }
    // A backslash at the end of the file is dropped, as Properties drops it.
    if (endsInOddBackslashes(joined)) joined = joined.slice(0, -1)
    if (joined !== '') yield { line, text: joined }
  }
}

function withoutIndent(line: string): string {
  return line.replace(/^[ \t\f]+/, '')
}

function endsInOddBackslashes(line: string): boolean {
  const backslashes = /\\*$/.exec(line)?.[0].length ?? 0
  return backslashes % 2 === 1
}

function entryOf(logical: LogicalLine, file: string, problems: Problem[]): Entry {
  const { text, line } = logical
  const where = { file, line }
  const keyEnd = endOfKey(text)
  const key = unescaped(text.slice(0, keyEnd), where, problems)
  const raw = text.slice(startOfValue(text, keyEnd))
  const mark = startOfComment(raw)
  const value = unescaped(mark < 0 ? raw : raw.slice(0, mark), where, problems)
  const comment = mark < 0 ? null : raw.slice(mark).trimStart()
  const trimmed = trim(value)
  const trailingBlank = comment === null && trimmed !== '' && /[\0-\x20]$/.test(value)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything outside ASCII is what is asked for
  if (/[^\x00-\x7f]/.test(text.slice(0, keyEnd) + raw.slice(0, mark < 0 ? raw.length : mark))) {
    const hint = 'Apache ZooKeeper reads the file as Latin-1: write it as \\uXXXX'
    problems.push(problem('warning', where, `${trim(key)} has characters outside ASCII`, hint))
  }
  return { ...where, key: trim(key), value: trimmed, comment, trailingBlank }
}

function endOfKey(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    if (c === '\\') i++
    else if (c === '=' || c === ':' || BLANK.test(c)) return i
  }
  return text.length
}

function startOfValue(text: string, keyEnd: number): number {
  let i = keyEnd
  while (i < text.length && BLANK.test(text.charAt(i))) i++
  if (text.charAt(i) === '=' || text.charAt(i) === ':') i++
  while (i < text.length && BLANK.test(text.charAt(i))) i++
  return i
}

/** The index of the blank before an unescaped ` #` or ` //`; 0 if all of the value is a comment; else −1. */
function startOfComment(raw: string): number {
  for (let i = 0; i < raw.length; i++) {
    if (raw.charAt(i) === '\\') {
      i++
      continue
    }
    const marked = raw.charAt(i) === '#' || raw.startsWith('//', i)
    if (!marked) continue
    if (i === 0 && raw.charAt(0) === '#') return 0
    if (i > 0 && BLANK.test(raw.charAt(i - 1))) return i - 1
  }
  return -1
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }
/**
 * Characters that a backslash can usefully precede: separators, comment marks, itself, and the slash of a `
 * //`.
 */
const USEFUL = /[\\ \t\f=:#!/tnrfu]/

/** Unknown escapes lose their backslash, and a malformed \uXXXX is an error (Properties.loadConvert). */
function unescaped(raw: string, where: Location, problems: Problem[]): string {
  if (!raw.includes('\\')) return raw
  let lost: string | null = null
  const value = raw.replace(/\\(u[0-9a-fA-F]{4}|.|$)/gs, (_, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    if (escaped === 'u') {
      const hint = 'write \\\\u for a backslash and a u'
      problems.push(problem('error', where, 'a \\u must be followed by four hexadecimal digits', hint))
    }
    if (!USEFUL.test(escaped) && escaped !== '') lost = escaped
    return ESCAPES[escaped] ?? escaped
  })
  if (lost !== null) {
    const hint = 'write two backslashes, or / in a path'
    problems.push(problem('warning', where, `the backslash before "${lost}" is dropped`, hint))
  }
  return value
}

/** Trims as String.trim of Java does: every character up to U+0020 is a blank. */
function trim(value: string): string {
  return value.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '')
}
