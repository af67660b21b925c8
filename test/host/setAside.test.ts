import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ServerConfig } from '../../src/config/serverConfig.ts'
import { setAside } from '../../src/host/setAside.ts'
import { isVersionDir } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { lockDirectory } from '../../src/storage/lock.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zkp-aside-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const within = (...parts: string[]) => join(root, ...parts)

function member(dataDir: string, dataLogDir = dataDir): ServerConfig {
  for (const folder of [dataDir, dataLogDir]) {
    mkdirSync(within(folder, 'version-2'), { recursive: true })
    writeFileSync(within(folder, 'version-2', `of-${folder}`), folder)
  }
  writeFileSync(within(dataDir, 'myid'), '1\n')
  return { dataDir: within(dataDir), dataLogDir: within(dataLogDir) } as ServerConfig
}

it('renames version-2 as a whole, and leaves the id', () => {
  const [path, ...more] = setAside(member('data'), 'resync', '123')
  expect(more).toEqual([])
  expect(path).toBe(within('data', 'version-2.resync-123'))
  expect(readFileSync(join(path as string, 'of-data'), 'utf8')).toBe('data')
  expect(readdirSync(within('data')).sort()).toEqual(['myid', 'version-2.resync-123'])
})

it('renames both folders where logs have their own', () => {
  const paths = setAside(member('data', 'logs'), 'unreadable', '5')
  expect(paths).toEqual([within('data', 'version-2.unreadable-5'), within('logs', 'version-2.unreadable-5')])
  expect(existsSync(within('logs', 'version-2'))).toBe(false)
})

it('completes what a crash interrupted between the two', () => {
  const config = member('data', 'logs')
  rmSync(within('data', 'version-2'), { recursive: true })
  expect(setAside(config, 'resync', '7')).toEqual([within('logs', 'version-2.resync-7')])
})

it('never overwrites what was set aside before', () => {
  const first = setAside(member('data'), 'lacks', '100000002')
  const second = setAside(member('data'), 'lacks', '100000002')
  expect(second).not.toEqual(first)
  for (const path of [...first, ...second]) {
    expect(existsSync(join(path, 'of-data'))).toBe(true)
    expect(isVersionDir(path.split('/').at(-1) as string)).toBe(true)
  }
})

it('touches nothing where a member runs, or where there is nothing', () => {
  const config = member('data', 'logs')
  const lock = lockDirectory(nodeFileSystem, within('logs'))
  expect(() => setAside(config, 'resync', '1')).toThrow(/is in use by process/)
  lock.release()
  expect(existsSync(within('data', 'version-2'))).toBe(true)
  rmSync(within('data'), { recursive: true })
  rmSync(within('logs'), { recursive: true })
  expect(setAside(config, 'resync', '1')).toEqual([])
})
