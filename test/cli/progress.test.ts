import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Output } from '../../src/cli/output.ts'
import { withProgress } from '../../src/cli/progress.ts'
import { cluster, dead, member } from './fakeCluster.ts'

function recorder(interactive: boolean): { output: Output; written: string[] } {
  const written: string[] = []
  const plain = (_style: unknown, text: string): string => text
  const output: Output = {
    json: false,
    closed: new AbortController().signal,
    columns: 80,
    tableColumns: 80,
    interactive,
    paint: plain,
    paintNote: plain,
    print: () => {},
    tell: () => {},
    document: () => {},
    note: () => {},
    raw: (text) => written.push(text),
  }
  return { output, written }
}

const looking = cluster('three', [member(0, { role: 'looking' }), member(1, { role: null }), dead(2)])

describe('the progress line', () => {
  it('says what is waited for and what each member is, and is gone at the end', async () => {
    const { output, written } = recorder(true)
    const work = sleep(600, 'done')
    expect(await withProgress(output, 'waiting for the ensemble to serve', async () => looking, work)).toBe(
      'done',
    )
    expect(written.map(stripVTControlCharacters).join('\n')).toMatch(
      /waiting for the ensemble to serve: 0 looking, 1 starting, 2 killed {2}0\.\d s/,
    )
    expect(written.at(-1)).toBe('\r\u001b[2K')
  })

  it('goes even if the wait fails, and a cluster that does not answer is no trouble', async () => {
    const { output, written } = recorder(true)
    const failing = sleep(400).then(() => Promise.reject(new Error('timed out')))
    const look = (): Promise<never> => Promise.reject(new Error('gone'))
    await expect(withProgress(output, 'waiting', look, failing)).rejects.toThrow('timed out')
    expect(written.length).toBeGreaterThan(1)
    expect(written.at(-1)).toBe('\r\u001b[2K')
  })

  it('is not drawn for a short wait, nor in a pipe', async () => {
    const terminal = recorder(true)
    await withProgress(terminal.output, 'waiting', null, sleep(20))
    const pipe = recorder(false)
    await withProgress(pipe.output, 'waiting', null, sleep(400))
    expect([...terminal.written, ...pipe.written]).toEqual([])
  })

  it('never wraps', async () => {
    const { output, written } = recorder(true)
    const many = cluster(
      'many',
      Array.from({ length: 30 }, (_, id) => member(id)),
    )
    await withProgress(output, 'waiting', async () => many, sleep(500))
    for (const text of written) expect(stripVTControlCharacters(text).length).toBeLessThanOrEqual(80)
  })
})
