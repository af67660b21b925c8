/** Whether a member ended because of its data, judged by the data alone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { classicEnsemble } from '../../src/config/classic.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'
import { isDataAtFault } from '../../src/host/dataFault.ts'
import { HISTORY_RECORD, listSnapshots, VERSION_DIR } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { openStorage } from '../storage/support.ts'

let config: ServerConfig
beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), 'zkp-fault-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const [member] = classicEnsemble({ members: 1, dir }).members
  if (member === undefined) throw new Error('no member')
  config = member.config
  const storage = openStorage(config.dataDir)
  storage.recover()
  for (const which of ['accepted', 'current'] as const) storage.saveEpoch(which, 2)
  storage.close()
})

it('is not at fault where everything is whole', () => {
  expect(isDataAtFault(config)).toBe(false)
})

it('is at fault when an epoch was taken, and neither history nor record is left', () => {
  const folder = join(config.dataDir, VERSION_DIR)
  rmSync(join(folder, HISTORY_RECORD))
  for (const { path } of listSnapshots(nodeFileSystem, folder)) rmSync(path)
  expect(isDataAtFault(config)).toBe(true)
  writeFileSync(join(config.dataLogDir, 'initialize'), '')
  expect(isDataAtFault(config)).toBe(false)
})
