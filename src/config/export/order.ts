/** What an export is to write, in which format. */
import type { Role } from '../serverConfig.ts'

export const FORMATS = ['cfg', 'compose', 'systemd'] as const
export type ExportFormat = (typeof FORMATS)[number]

export interface ExportedHost {
  sid: number
  role: Role
  host: string
  /** The name of its folder, which no other host of the export has. */
  folder: string
  /** The text of its zoo.cfg. */
  text: string
  /** The text of its myid; null for a standalone server, which needs none. */
  myid: string | null
  /** Settings that Apache takes only as JVM options: `-Djute.maxbuffer=…`. */
  flags: string[]
  dataDir: string
  /** Equal to `dataDir` unless logs have a folder of their own. */
  dataLogDir: string
  clientPort: number
  quorumPort: number | null
  electionPort: number | null
  /** The client port that the member has on this machine. */
  presentClientPort: number
  /** Files that settings name and that the host needs at the same paths. */
  files: string[]
}

/** The data that goes with the configs. */
export interface ExportedData {
  /** The member whose data it is. */
  from: number
  /** The last transaction in it, `0x100000009`. */
  zxid: string
  epoch: number
  znodes: number
  bytes: number
}

export interface ExportOrder {
  format: ExportFormat
  hosts: readonly ExportedHost[]
  /** Null when there is none. */
  data: ExportedData | null
  /** Whether servers write beside their zoo.cfg when they are reconfigured. */
  isReconfigurable: boolean
}
