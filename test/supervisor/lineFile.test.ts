/**
 * Files of lines stay within their limit, and whoever reads them notices only that the oldest lines are gone.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LineFile, previousOf } from '../../src/supervisor/logs/lineFile.ts'

/** How much the disk still takes; null: everything. */
const disk = vi.hoisted(() => ({ roomBytes: null as number | null }))

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  // write(2) on a disk that is almost full writes what fits, and says how much that was.
  const writeSync = (fd: number, bytes: Buffer) =>
    fs.writeSync(fd, bytes, 0, Math.min(bytes.length, disk.roomBytes ?? bytes.length))
  return { ...fs, writeSync }
})

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

  it('keeps whole lines only when the disk takes a part of one', () => {
    const file = open()
    fill(file, 0, 2)
    disk.roomBytes = 'whole\ncu'.length
    file.write('whole')
    file.write('cut')
    file.flush()
    disk.roomBytes = null
    file.write('next')
    expect(file.lines()).toEqual(['line 0', 'line 1', 'whole', 'next'])
    file.close()
    expect(readFileSync(path, 'utf8')).toBe('line 0\nline 1\nwhole\nnext\n')
  })

  it('removes what the end of an earlier writer has cut', () => {
    writeFileSync(path, 'whole\n{"cut')
    const file = open()
    file.write('next')
    expect(file.lines()).toEqual(['whole', 'next'])
    file.close()
  })

  it('does not mind that somebody removes the one of before', () => {
    const file = open()
    fill(file, 0, 150)
    rmSync(previousOf(path))
    expect(file.lines().at(-1)).toBe('line 149')
    file.close()
  })
})
