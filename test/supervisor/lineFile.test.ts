/** Files of lines stay within their limit, and whoever reads them notices only that the oldest lines are gone. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LineFile, previousOf } from '../../src/supervisor/lineFile.ts'

describe('a file of lines', () => {
  let dir: string
  let path: string

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'zkp-lines-'))
    path = join(dir, '0.log')
  })

  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  const open = (continues = true) => new LineFile(path, { limitBytes: 1000, continues })

  function fill(file: LineFile, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      file.write(`line ${i}`)
      file.flush()
    }
  }

  it('that grows beyond its limit becomes the one of before; the newest lines are all there', () => {
    const file = open()
    const heard: string[] = []
    file.follow((line) => heard.push(line))
    fill(file, 0, 1000)
    expect(readdirSync(dir).sort()).toEqual(['0.log', '0.previous.log'])
    for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).size).toBeLessThan(1100)
    expect(heard).toHaveLength(1000)
    const lines = file.lines()
    expect(lines.length).toBeGreaterThan(100)
    expect(lines).toEqual(heard.slice(-lines.length))
    expect(file.lines(100)).toEqual(heard.slice(-100))
    expect(file.lines(0)).toEqual([])
    file.close()
  })

  it('goes on with what an earlier life left, or not, as it was told', () => {
    const first = open()
    fill(first, 0, 150)
    first.close()
    const second = open()
    fill(second, 150, 152)
    expect(second.lines().at(-1)).toBe('line 151')
    expect(second.lines(60)).toHaveLength(60)
    second.close()
    const alone = open(false)
    expect(alone.lines().length).toBeLessThan(60)
    alone.close()
  })

  it('does not mind that somebody removes the one of before', () => {
    const file = open()
    fill(file, 0, 150)
    rmSync(previousOf(path))
    expect(file.lines().at(-1)).toBe('line 149')
    file.close()
  })
})
