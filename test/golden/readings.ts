/** What stands in golden files, by the formats' descriptions. */
import { join } from 'node:path'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { type LogName, listLogs } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { GOLDEN } from './expected.ts'

export const version2 = (name: string) => join(GOLDEN, name, 'version-2')

/** The transactions of a directory, or of one of its logs. */
export function entriesOf(name: string, only?: LogName): { zxid: Zxid; payload: Buffer }[] {
  const entries: { zxid: Zxid; payload: Buffer }[] = []
  for (const log of only === undefined ? listLogs(nodeFileSystem, version2(name)) : [only]) {
    const file = new LogFile(nodeFileSystem, log)
    for (let entry = file.next(); entry !== null; entry = file.next())
      entries.push({ zxid: entry.zxid, payload: Buffer.from(entry.payload) })
    file.close()
  }
  return entries
}

/** A snapshot's entries, each in hexadecimal digits. */
export interface SnapshotEntries {
  header: string
  sessions: string[]
  acls: string[]
  nodes: string[]
}

/** Cuts an uncompressed snapshot into its entries, by the format's description alone. */
export function snapshotEntries(bytes: Buffer): SnapshotEntries {
  let at = 16
  const int = () => {
    at += 4
    return bytes.readInt32BE(at - 4)
  }
  const skip = () => {
    at += 4 + Math.max(0, bytes.readInt32BE(at))
  }
  const entry = (step: () => void): string => {
    const start = at
    step()
    return bytes.toString('hex', start, at)
  }
  const session = () => {
    at += 12
  }
  const acl = () => {
    at += 8
    for (let n = int(); n > 0; n--) {
      at += 4
      skip()
      skip()
    }
  }
  const node = () => {
    skip()
    skip()
    at += 68
  }
  const sessions = Array.from({ length: int() }, () => entry(session))
  const acls = Array.from({ length: int() }, () => entry(acl))
  const nodes: string[] = []
  while (bytes.toString('latin1', at + 4, at + 5) !== '/' || bytes.readInt32BE(at) !== 1)
    nodes.push(entry(node))
  return { header: bytes.toString('hex', 0, 16), sessions, acls, nodes }
}
