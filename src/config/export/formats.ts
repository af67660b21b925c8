/**
 * The files around the configs: what starts the servers (by hand, Docker Compose, systemd), and a README with the
 * steps. Pure: names within the export's folder, and texts.
 */

import { javaEnv } from '../jvmFlags.ts'
import { composeFile, composePlaces } from './compose.ts'
import type { ExportedHost } from './export.ts'
import { readme } from './readme.ts'
import { systemdUnit } from './systemd.ts'

export const FORMATS = ['cfg', 'compose', 'systemd'] as const
export type ExportFormat = (typeof FORMATS)[number]

/** What the data is that goes with the configs. */
export interface ExportedData {
  /** The member whose data it is. */
  from: number
  /** The last transaction in it, `0x100000009`. */
  zxid: string
  epoch: number
  znodes: number
  bytes: number
}

export interface ExportFiles {
  /** By path, `/` between its parts. */
  texts: Map<string, string>
  /** Where the data of a host goes, below which each has its version-2. */
  dataOf(host: ExportedHost): { dataDir: string; dataLogDir: string }
}

export interface ExportOrder {
  format: ExportFormat
  hosts: readonly ExportedHost[]
  /** Null where there is none. */
  data: ExportedData | null
  /** Servers write beside their zoo.cfg when they are reconfigured. */
  isReconfigurable: boolean
}

/** Where the data is on a host of this format, unless another folder was asked for. */
export function usualDataDir(format: ExportFormat): { dataDir: string; dataLogDir: string } {
  return format === 'compose'
    ? { dataDir: '/data', dataLogDir: '/datalog' }
    : { dataDir: '/var/lib/zookeeper', dataLogDir: '/var/lib/zookeeper-log' }
}

export function exportFiles(order: ExportOrder): ExportFiles {
  const texts = new Map<string, string>()
  const { format, hosts } = order
  for (const host of hosts) {
    const { folder, text, myid, flags } = host
    texts.set(`${folder}/${format === 'compose' ? composePlaces(order).config : 'zoo.cfg'}`, text)
    if (myid !== null) texts.set(`${folder}/data/myid`, myid)
    if (flags.length > 0 && format === 'cfg') texts.set(`${folder}/java.env`, javaEnv(flags))
    if (format === 'systemd') texts.set(`${folder}/zookeeper.service`, systemdUnit(host))
  }
  if (format === 'compose') texts.set('docker-compose.yml', composeFile(order))
  texts.set('README.md', readme(order))
  return { texts, dataOf }
}

function dataOf({ folder, dataDir, dataLogDir }: ExportedHost): { dataDir: string; dataLogDir: string } {
  const data = `${folder}/data`
  return { dataDir: data, dataLogDir: dataDir === dataLogDir ? data : `${folder}/datalog` }
}
