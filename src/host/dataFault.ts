/** Whether a member that does not run could not start because of its data; nothing is changed. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerConfig } from '../config/serverConfig.ts'
import { ttlRuleOf } from '../peer/nodeOptions.ts'
import { ZERO_ZXID } from '../protocol/zxid.ts'
import { readEpochs } from '../storage/epochs.ts'
import { StorageError, type StorageErrorCode } from '../storage/errors.ts'
import { VERSION_DIR } from '../storage/fileNames.ts'
import { nodeFileSystem } from '../storage/fileSystem.ts'
import { recoverDatabase } from '../storage/recovery.ts'

/** What is wrong with the data itself, rather than with who uses it or with the disk. */
const OF_THE_DATA: readonly StorageErrorCode[] = ['damaged', 'history-lost', 'not-understood', 'inconsistent']

/** Reads everything, at once: for when a member has ended, and why matters more than a second. */
export function isDataAtFault(config: ServerConfig): boolean {
  const snapDir = join(config.dataDir, VERSION_DIR)
  const logDir = join(config.dataLogDir, VERSION_DIR)
  const options = {
    commitLogCount: 0,
    trustEmpty: config.snapshotTrustEmpty,
    upTo: null,
    ttlRule: ttlRuleOf(config),
  }
  try {
    const recovered = recoverDatabase(nodeFileSystem, { snapDir, logDir, ...options })
    const { currentEpoch } = readEpochs(nodeFileSystem, snapDir, recovered?.lastZxid ?? ZERO_ZXID)
    return recovered === null && currentEpoch > 0 && mayNotBegin(config)
  } catch (error) {
    return error instanceof StorageError && OF_THE_DATA.includes(error.code)
  }
}

/**
 * Storage refuses an empty history beside an epoch that was taken, unless a file `initialize` asks for a new
 * beginning.
 */
function mayNotBegin({ dbAutocreate, dataLogDir }: ServerConfig): boolean {
  return dbAutocreate && !existsSync(join(dataLogDir, 'initialize'))
}
