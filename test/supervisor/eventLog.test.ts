import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../../src/api/api.ts'
import { EventLog } from '../../src/supervisor/logs/eventLog.ts'
import { LogBook } from '../../src/supervisor/logs/logBook.ts'
import { LOG_LEVELS, type LogQuery } from '../../src/supervisor/logs/logQuery.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zkp-events-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function opened(path = join(dir, 'events.jsonl')): EventLog {
  const log = new EventLog(path)
  log.open()
  return log
}

const started = { type: 'member-started' } as const
const seqs = (events: ClusterEvent[]) => events.map(({ seq }) => seq)

describe('events', () => {
  it('are numbered, kept, and heard by listeners until they leave', () => {
    const log = opened()
    const heard: ClusterEvent[] = []
    const leave = log.listen((event) => heard.push(event))
    log.add(1000, 0, started)
    log.add(1001, null, { type: 'cluster-down' })
    leave()
    log.add(1002, 1, started)
    expect(seqs(heard)).toEqual([1, 2])
    expect(log.seq).toBe(3)
    expect(seqs(log.since(0))).toEqual([1, 2, 3])
    expect(log.since(2)).toEqual([{ seq: 3, at: 1002, member: 1, event: started }])
    expect(log.since(3)).toEqual([])
    expect(log.since(99)).toEqual([])
    log.close()
    const lines = readFileSync(join(dir, 'events.jsonl'), 'utf8').trimEnd().split('\n')
    expect(seqs(lines.map((line) => JSON.parse(line) as ClusterEvent))).toEqual([1, 2, 3])
  })

  it('that no longer fit into memory come from the file, none lost and none twice', () => {
    const log = opened()
    const count = 20_050
    for (let i = 0; i < count; i += 1) log.add(i, 0, started)
    const everything = log.since(0)
    expect(everything).toHaveLength(count)
    expect(everything.every(({ seq }, i) => seq === i + 1)).toBe(true)
    expect(seqs(log.since(count - 2))).toEqual([count - 1, count])
    log.close()
  })

  it('pass over a line that was cut', () => {
    const path = join(dir, 'events.jsonl')
    const log = opened(path)
    const count = 20_050
    for (let i = 0; i < count / 2; i += 1) log.add(i, 0, started)
    log.since(0)
    appendFileSync(path, '{"seq":1,"at\n')
    for (let i = count / 2; i < count; i += 1) log.add(i, 0, started)
    expect(log.since(0)).toHaveLength(count)
    log.close()
  })

  it('are on disk from the moment it is opened, with those of before that moment; until then the last ones stay', () => {
    const path = join(dir, 'events.jsonl')
    const last = opened(path)
    last.add(1, 0, started)
    last.close()
    const log = new EventLog(path)
    log.add(2, 1, started)
    expect(readFileSync(path, 'utf8')).toContain('"at":1,')
    log.open()
    log.close()
    expect(readFileSync(path, 'utf8')).toContain('"at":2,')
    expect(readFileSync(path, 'utf8')).not.toContain('"at":1,')
  })

  it('of the up before are kept beside those of this one', () => {
    const path = join(dir, 'events.jsonl')
    const before = opened(path)
    before.add(1, 0, started)
    before.close()
    const now = opened(path)
    expect(now.since(0)).toEqual([])
    now.close()
    expect(readFileSync(join(dir, 'events.previous.jsonl'), 'utf8')).toContain('member-started')
  })
})

describe('logs', () => {
  const looking = { type: 'role', role: 'looking', leader: null, epoch: 1, zxid: 0x100000002 } as const

  it('are pino records with the member’s clock, by time over all members', () => {
    const book = new LogBook(join(dir, 'logs'), [0, 1])
    book.write({ seq: 1, at: 2000.6, member: 1, event: looking })
    book.write({ seq: 2, at: 1000, member: 0, event: started })
    book.write({ seq: 3, at: 3000, member: null, event: { type: 'cluster-down' } })
    const records = book.lines({}).map((line) => JSON.parse(line))
    expect(records.map(({ time, member }) => [time, member])).toEqual([
      [1000, 0],
      [2001, 1],
      [3000, undefined],
    ])
    expect(records[1]).toMatchObject({ level: 30, msg: 'LOOKING', zxid: '0x100000002' })
    expect(book.lines({ tail: 2 }).map((line) => JSON.parse(line).time)).toEqual([2001, 3000])
    expect(book.lines({ members: [1] })).toHaveLength(1)
    expect(book.lines({ members: [0], tail: 0 })).toEqual([])
    expect(book.lines({ members: [0, 1] })).toHaveLength(2)
    book.write({
      seq: 4,
      at: 4000,
      member: 0,
      event: { type: 'log', level: 'warn', message: '"time":1,"level":60' },
    })
    const times = (query: LogQuery) => book.lines(query).map((line) => JSON.parse(line).time)
    expect(times({ level: LOG_LEVELS.warn })).toEqual([4000])
    expect(times({ sinceMs: 2001 })).toEqual([2001, 3000, 4000])
    expect(times({ level: LOG_LEVELS.info, sinceMs: 0, tail: 1, members: [1] })).toEqual([2001])
    book.close()
    expect(readFileSync(join(dir, 'logs', '1.log'), 'utf8')).toContain('"msg":"LOOKING"')
  })

  it('are followed by one member or all, until the follower leaves', () => {
    const book = new LogBook(join(dir, 'logs'), [0, 1])
    const [all, one]: [string[], string[]] = [[], []]
    const leave = book.follow({}, (line) => all.push(line))
    book.follow({ members: [1] }, (line) => one.push(line))
    book.write({ seq: 1, at: 1, member: 0, event: started })
    book.write({ seq: 2, at: 2, member: 1, event: started })
    leave()
    book.write({ seq: 3, at: 3, member: 1, event: started })
    expect(all).toHaveLength(2)
    expect(one).toHaveLength(2)
    book.close()
  })
})
