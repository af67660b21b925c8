import { describe, expect, it } from 'vitest'
import { lex } from '../../src/config/text/lexer.ts'

/** Entries as `line key=value`, with the comment after the value in parentheses. */
function lexed(text: string): string[] {
  return lex(text, 'zoo.cfg').entries.map(
    ({ line, key, value, comment }) => `${line} ${key}=${value}${comment === null ? '' : ` (${comment})`}`,
  )
}

// What java.util.Properties makes of the same text, except for comments after values.
const cases: [name: string, text: string, entries: string[]][] = [
  ['three separators', 'a=1\nb:2\nc 3', ['1 a=1', '2 b=2', '3 c=3']],
  ['blanks around the separator', '  a \t=\f 1  ', ['1 a=1']],
  ['one separator only', 'a==1\nb = :2\nc : = 3', ['1 a==1', '2 b=:2', '3 c== 3']],
  ['no value', 'a\nb=\nc ', ['1 a=', '2 b=', '3 c=']],
  ['comments at line start', '# x=1\n  ! y=2\na=1', ['3 a=1']],
  ['all line ends', 'a=1\r\nb=2\rc=3\n', ['1 a=1', '2 b=2', '3 c=3']],
  ['continuation lines', 'a=1,\\\n   2,\\\n\t3\nb=4', ['1 a=1,2,3', '4 b=4']],
  ['a continued line may look like a comment', 'a=1\\\n#2', ['1 a=1#2']],
  ['an even number of backslashes continues nothing', 'a=1\\\\\nb=2', ['1 a=1\\', '2 b=2']],
  ['a backslash at the end of the file', 'a=1\\', ['1 a=1']],
  ['a line of nothing but a backslash', '\\\n# c\na=1', ['3 a=1']],
  ['escaped separators in a key', 'a\\=b\\:c\\ d=1', ['1 a=b:c d=1']],
  ['escapes', 'a=\\u0041\\t1\\n2\\q', ['1 a=A\t1\n2q']],
  ['a comment after the value', 'a=1 # one\nb=/x\t// two', ['1 a=1 (# one)', '2 b=/x (// two)']],
  ['a value that is all comment', 'a= # none', ['1 a= (# none)']],
  [
    'a mark without a blank before it is the value',
    'a=1#2\nb=http://c\nc=//d',
    ['1 a=1#2', '2 b=http://c', '3 c=//d'],
  ],
  ['an escaped mark is the value', 'a=1 \\# 2', ['1 a=1 # 2']],
  ['a byte order mark', '\uFEFFa=1', ['1 a=1']],
]

describe('lexer', () => {
  it.each(cases)('%s', (_, text, entries) => {
    expect(lexed(text)).toEqual(entries)
  })

  it('reports blanks after a value, which Apache refuses in server lines', () => {
    expect(lex('a=1 \nb=2\nc=3\\u0020', 'f').entries.map((e) => e.trailingBlank)).toEqual([true, false, true])
  })

  it.each([
    ['a=\\u12', 'error', 1, 'four hexadecimal digits'],
    ['x=1\na=C:\\data', 'warning', 2, 'the backslash before "d" is dropped'],
    ['\uFEFFa=1', 'warning', 1, 'byte order mark'],
    ['a=1\nb=/tmp/données', 'warning', 2, 'outside ASCII'],
  ])('%j has a problem', (text, severity, line, message) => {
    const { problems } = lex(text, 'zoo.cfg')
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({
      severity,
      line,
      file: 'zoo.cfg',
      message: expect.stringContaining(message),
    })
  })

  it('leaves non-ASCII comments alone', () => {
    expect(lex('# été\na=1 # été', 'zoo.cfg').problems).toEqual([])
  })
})
