/**
 * The files around the configs: those that start the servers (by hand, with Docker Compose, or with systemd),
 * and a README with the steps. Pure: gives names within the folder of the export, and texts.
 */

import { javaEnv } from '../jvmFlags.ts'
import { composeFile, composePlaces } from './compose.ts'
import type { ExportedHost, ExportFormat, ExportOrder } from './order.ts'
import { readme } from './readme.ts'
import { systemdUnit } from './systemd.ts'

export { type ExportedData, type ExportFormat, FORMATS } from './order.ts'

interface ExportFiles {
  /** Texts by path, with `/` between its parts. */
  texts: Map<string, string>
  /** The folders for the data of a host, below which there is a version-2. */
  dataOf(host: ExportedHost): { dataDir: string; dataLogDir: string }
}

/** The data folders on a host with this format, unless the user asks for others. */
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
