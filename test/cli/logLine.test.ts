/**
 * Log lines on a terminal: what a record says comes before its fields, which are shortened to fit or dropped.
 */
import { describe, expect, it } from 'vitest'
import { logFormatter } from '../../src/cli/format/log.ts'

const plain = (_style: unknown, text: string) => text
const record = { level: 30, time: 0, member: 1, msg: 'Serving clients as leader' }
const line = (columns: number, more: object) =>
  logFormatter({ paint: plain, colours: false, stacks: false, width: () => columns })({ ...record, ...more })

describe('a log line', () => {
  const said = /^member 1 \| \[\d\d:\d\d:\d\d\.000\] INFO: Serving clients as leader/

  it('is whole where it fits', () => {
    expect(line(200, { epoch: 2, zxid: '0x100000001' })).toMatch(
      new RegExp(`${said.source} \\{"epoch":2,"zxid":"0x100000001"\\}$`),
    )
  })

  it.each([72, 80, 100])('fits into %i columns with what of its fields finds room', (columns) => {
    const text = line(columns, { quorum: Array.from({ length: 40 }, (_, sid) => sid) })
    expect(text).toMatch(new RegExp(`${said.source} \\{"quorum":\\[0,.*…$`))
    expect(text.length).toBeLessThanOrEqual(columns)
    expect(text.length).toBeGreaterThan(columns - 3)
  })

  it('drops its fields where next to nothing of them would be seen', () => {
    expect(line(64, { quorum: Array.from({ length: 40 }, (_, sid) => sid) })).toMatch(
      new RegExp(`${said.source}$`),
    )
  })

  it('is broken between words where it is longer than the terminal is wide', () => {
    const msg =
      `cannot open ${'/a/long/path'.repeat(3)}: ${'no space is left on the disk; '.repeat(9)}`.trim()
    const lines = line(80, { msg, epoch: 2 }).split('\n')
    expect(lines.length).toBeGreaterThan(4)
    for (const each of lines) expect(each).toMatch(/^(member 1| {8}) \| .{1,69}$/)
    expect(lines.map((each) => each.slice(11).trim()).join(' ')).toContain(`INFO: ${msg}`)
  })

  it('never loses a word of what is said', () => {
    expect(
      line(20, { epoch: 2 })
        .split(/\n? +\|? */)
        .join(' '),
    ).toMatch(/INFO: Serving clients as leader$/)
  })
})
