/** The settings of a storage, and what its recovery reports. */
import type { LoggedTxn } from '../core/effects.ts'
import type { Epoch, Zxid } from '../protocol/zxid.ts'
import type { Database } from '../tree/database.ts'
import type { TtlRule } from '../tree/znode.ts'
import type { Compression } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'

/** Fields of ServerConfig, by the same names, but for the last. */
export interface StorageOptions {
  dataDir: string
  dataLogDir: string
  snapCount: number
  snapSizeLimitKb: number
  preAllocSizeKb: number
  forceSync: boolean
  txnLogSizeLimitKb: number
  commitLogCount: number
  snapshotTrustEmpty: boolean
  dbAutocreate: boolean
  datadirAutocreate: boolean
  snapshotCompression: Compression
  digestEnabled: boolean
  fsyncWarningThresholdMs: number
  /** Which owners mean TTL: `extendedTypesEnabled` and `emulate353TTLNodes`. None unless given. */
  ttlRule?: TtlRule
}

export interface StorageEnvironment {
  /** 0 <= x < 1: members must not all take their snapshots at one moment. */
  random(): number
  /** Hears of what a person should know but nobody waits for. */
  onNote(note: string): void
  files?: FileSystem
}

export interface Recovered {
  database: Database
  /** The last transactions replayed, at most commitLogCount, oldest first. */
  recentTxns: LoggedTxn[]
  acceptedEpoch: Epoch
  currentEpoch: Epoch
  /** -1: there is no database and none may be made (db.autocreate=false): this member must not vote. */
  lastZxid: Zxid
  /** What was repaired, passed over or looks odd, for the log. */
  notes: string[]
}
