import { describe, expect, it } from 'vitest'
import { foreground } from '../../src/cli/foreground.ts'
import type { Output } from '../../src/cli/output.ts'
import type { Supervised } from '../../src/cli/supervise.ts'
import { eventually } from '../support/eventually.ts'
import { type Fake, fakeCluster, playground, three } from './fakeCluster.ts'

function recorder(
  json = false,
  closed = new AbortController().signal,
): { output: Output; answer: () => string; notes: () => string } {
  let answer = ''
  let notes = ''
  const plain = (_style: unknown, text: string): string => text
  const output: Output = {
    json,
    closed,
    columns: 80,
    tableColumns: 80,
    interactive: false,
    paint: plain,
    paintNote: plain,
    print: (text) => {
      answer += `${text}\n`
    },
    tell: (text) => {
      answer += `${text}\n`
    },
    document: (value) => {
      answer += `${JSON.stringify(value)}\n`
    },
    note: (text) => {
      notes += `${text}\n`
    },
    raw: (text) => {
      notes += text
    },
  }
  return { output, answer: () => answer, notes: () => notes }
}

/** A supervisor whose members take until `finish` to stop. */
function supervisor(fake: Fake): { supervised: Supervised; finish(): void; calls: string[] } {
  const calls: string[] = []
  let finish = (): void => {}
  const ended = new Promise<void>((resolve) => {
    finish = resolve
  })
  const stop = (): Promise<void> => {
    calls.push('stop')
    return ended
  }
  const endNow = (): void => void calls.push('endNow')
  return { supervised: { dir: fake.dir, ended, failure: null, stop, endNow }, finish, calls }
}

describe('up in the foreground', () => {
  it('prints the banner, logs and headlines, and stops gracefully on the first Ctrl-C', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const { supervised, finish, calls } = supervisor(fake)
    const { output, answer, notes } = recorder()
    const running = foreground(async () => supervised, 1000, output)
    await eventually('both streams', () => fake.followers() === 2)
    fake.emit({
      seq: 1,
      at: 0,
      member: 2,
      event: { type: 'established', epoch: 3, quorum: [0, 1, 2], ms: 40 },
    })
    const time = Date.now()
    fake.emitLog({ level: 30, time: time - 60_000, member: 0, msg: 'of the up before' })
    fake.emitLog({ level: 20, time, member: 0, msg: 'a vote' })
    fake.emitLog({ level: 30, time, member: 0, msg: 'chatter', logger: 'QuorumPeer' })
    const stack = 'java.io.EOFException\n\tat java.base/java.io.DataInputStream.readInt'
    fake.emitLog({ level: 40, time, member: 0, msg: 'broken', logger: 'Learner', stack })
    fake.emitLog({ level: 30, time, member: 0, msg: 'a line' })
    await eventually('its lines', () => answer().includes('a line') && answer().includes('leads epoch 3'))
    expect(answer()).toContain('WARN: Learner: broken (java.io.EOFException)\n')
    expect(answer()).not.toMatch(/of the up before|a vote|chatter|DataInputStream/)
    expect(answer()).toMatch(/^three: 3 members, in threads\n/)
    expect(answer()).toContain('==> member 2 leads epoch 3, elected by 0, 1 and 2 in 40 ms\n')
    process.emit('SIGINT')
    await eventually('the stop', () => calls.includes('stop'))
    expect(notes()).toContain('stopping 3 members; Ctrl-C again ends them at once')
    finish()
    expect(await running).toBe(0)
    expect(notes()).toContain('stopped in ')
    expect(calls).toEqual(['stop'])
  })

  it('stops gracefully when nobody reads any more', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const { supervised, finish, calls } = supervisor(fake)
    const closed = new AbortController()
    const { output, notes } = recorder(false, closed.signal)
    const running = foreground(async () => supervised, 1000, output)
    await eventually('both streams', () => fake.followers() === 2)
    closed.abort()
    await eventually('the stop', () => calls.includes('stop'))
    finish()
    expect(await running).toBe(0)
    expect(notes()).toContain('nobody reads this any more: stopping 3 members')
  })

  it('gives up a start on the second Ctrl-C', async () => {
    const start = (): Promise<Supervised> => {
      process.emit('SIGINT')
      process.emit('SIGINT')
      return new Promise(() => {})
    }
    expect(await foreground(start, 1000, recorder().output)).toBe(130)
  })

  it('ends at once on the second Ctrl-C', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const { supervised, calls } = supervisor(fake)
    const running = foreground(async () => supervised, 1000, recorder().output)
    await eventually('both streams', () => fake.followers() === 2)
    process.emit('SIGINT')
    await eventually('the stop', () => calls.includes('stop'))
    process.emit('SIGINT')
    expect(await running).toBe(130)
    expect(calls).toEqual(['stop', 'endNow'])
  })

  it('keeps a Ctrl-C that comes before the members are there', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const { supervised, finish, calls } = supervisor(fake)
    const start = async (): Promise<Supervised> => {
      process.emit('SIGTERM')
      return supervised
    }
    const running = foreground(start, 1000, recorder().output)
    await eventually('the stop', () => calls.includes('stop'))
    finish()
    expect(await running).toBe(0)
  })

  it('ends when someone else takes the cluster down, and leaves no signal handler', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const before = process.listenerCount('SIGINT')
    const { supervised, finish, calls } = supervisor(fake)
    const running = foreground(async () => supervised, 1000, recorder().output)
    await eventually('both streams', () => fake.followers() === 2)
    finish()
    expect(await running).toBe(0)
    expect(calls).toEqual([])
    expect(process.listenerCount('SIGINT')).toBe(before)
  })

  it('--json prints one document once it serves, and logs elsewhere', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const { supervised, finish } = supervisor(fake)
    const { output, answer, notes } = recorder(true)
    const running = foreground(async () => supervised, 1000, output)
    await eventually('both streams', () => fake.followers() === 2)
    fake.emitLog({ level: 30, time: Date.now(), member: 0, msg: 'a line' })
    await eventually('the log line', () => notes().includes('a line'))
    finish()
    await running
    expect(JSON.parse(answer())).toMatchObject({ name: 'three', leader: 2 })
  })
})
