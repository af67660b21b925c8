/** Tells whether a member that is not running cannot start because of its data. Nothing is changed. */
import { join } from 'node:path'
import type { ServerConfig } from '../config/serverConfig.ts'
import { ttlRuleOf } from '../peer/nodeOptions.ts'
import { ZERO_ZXID } from '../protocol/zxid.ts'
import { readEpochs } from '../storage/epochs.ts'
import { StorageError, type StorageErrorCode } from '../storage/errors.ts'
import { INITIALIZE_FLAG, VERSION_DIR } from '../storage/fileNames.ts'
import { nodeFileSystem } from '../storage/fileSystem.ts'
import { recoverDatabase } from '../storage/recovery.ts'

/** The codes of faults in the data itself. The others concern another user of the data, or the disk. */
const OF_THE_DATA: readonly StorageErrorCode[] = ['damaged', 'history-lost', 'not-understood', 'inconsistent']

/**
 * Reads all data synchronously. For use when a member has ended, and the reason matters more than a second.
 */
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
 * Whether Storage refuses an empty history with a current epoch. A file `initialize` would ask it to begin
 * anew.
 */
function mayNotBegin({ dbAutocreate, dataLogDir }: ServerConfig): boolean {
  return dbAutocreate && !nodeFileSystem.exists(join(dataLogDir, INITIALIZE_FLAG))
}
