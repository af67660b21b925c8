/** The settings of a `Storage`, and what its recovery reports. */
import type { LoggedTxn } from '../core/effects.ts'
import type { Epoch, Zxid } from '../protocol/zxid.ts'
import type { Database } from '../tree/database.ts'
import type { TtlRule } from '../tree/znode.ts'
import type { Compression } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'

/** All fields but the last are fields of ServerConfig by the same names. */
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
  /** Which owners mean TTL nodes (`extendedTypesEnabled` and `emulate353TTLNodes`); none unless given. */
  ttlRule?: TtlRule
}

export interface StorageEnvironment {
  /** 0 <= x < 1. Random, so that members do not all take their snapshots at the same moment. */
  random(): number
  /** Receives what a person should know but nothing in the program waits for. */
  onNote(note: string): void
  files?: FileSystem
}

export interface Recovered {
  database: Database
  /** The last transactions replayed, at most commitLogCount, oldest first. */
  recentTxns: LoggedTxn[]
  acceptedEpoch: Epoch
  currentEpoch: Epoch
  /** -1: there is no database and none may be made (db.autocreate=false), so this member must not vote. */
  lastZxid: Zxid
  /** For the member's log: what was repaired or passed over, or looks odd. */
  notes: string[]
}
