/** The folder that `export` makes: whole or not at all, written under another name and then renamed. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { ExportedHost, ExportSource } from '../config/export/export.ts'
import { type ExportedData, type ExportFormat, exportFiles } from '../config/export/formats.ts'
import { byHistory, copyData, type DataCopy, type DataDirs } from '../storage/dataCopy.ts'
import { OperationError } from './errors.ts'
import type { ExportCluster } from './exportCluster.ts'
import { dataFault } from './localFolder.ts'

/** @throws OperationError when something is in it */
export function checkTarget(out: string): void {
  if (!existsSync(out)) return
  const isEmpty = readdirSync(out).length === 0
  if (isEmpty) return
  const hint = 'name another folder (--out DIR), or move this one away'
  throw new OperationError('OUT_NOT_EMPTY', `${out} is not empty`, hint)
}

interface ExportContents {
  format: ExportFormat
  cluster: ExportCluster
  hosts: readonly ExportedHost[]
}

interface WrittenExport {
  data: ExportedData | null
  /** Notes on the data, for the user. */
  notes: string[]
}

export async function writeExport(out: string, contents: ExportContents): Promise<WrittenExport> {
  mkdirSync(dirname(out), { recursive: true })
  const draft = mkdtempSync(join(dirname(out), `.${basename(out)}-`))
  try {
    const written = await fill(draft, contents)
    if (existsSync(out)) rmdirSync(out)
    renameSync(draft, out)
    return written
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

async function fill(folder: string, { format, cluster, hosts }: ExportContents): Promise<WrittenExport> {
  const { source, notes } = await longestHistory(cluster)
  const isReconfigurable = cluster.members.some(({ config }) => config.reconfigEnabled)
  const order = { format, hosts, data: null, isReconfigurable }
  const { dataOf } = exportFiles(order)
  const targets = hosts.map((host) => within(folder, dataOf(host)))
  for (const { dataDir, dataLogDir } of targets) {
    for (const dir of [dataDir, dataLogDir]) mkdirSync(dir, { recursive: true })
  }
  const data = source === null ? null : await copyToAll(source, cluster.zxid, targets)
  for (const [path, text] of exportFiles({ ...order, data: data?.data ?? null }).texts) {
    writeFileSync(join(folder, path), text)
  }
  return { data: data?.data ?? null, notes: [...notes, ...(data?.notes ?? [])] }
}

function within(folder: string, { dataDir, dataLogDir }: DataDirs): DataDirs {
  return { dataDir: join(folder, dataDir), dataLogDir: join(folder, dataLogDir) }
}

/** The member that the data is for: see storage/dataCopy.ts. */
async function longestHistory({
  members,
}: ExportCluster): Promise<{ source: ExportSource | null; notes: string[] }> {
  const { best, faults } = await byHistory(members.map(({ config }) => config))
  const notes = [...faults].map(([index, { message }]) => {
    return `the data of member ${members[index]?.config.sid ?? 0} was passed over: ${message}`
  })
  const voters = members.flatMap(({ config: { peerType } }, i) => (peerType === 'participant' ? [i] : []))
  const unread = voters.filter((index) => faults.has(index))
  const [first] = unread
  // Transactions that only unreadable members hold may have been acknowledged.
  if (first !== undefined && unread.length * 2 >= voters.length) {
    const hint = `${notes.join('\n')}\nrepair or remove what is damaged, and let the members catch up`
    throw new OperationError('BAD_DATA', 'the data of too many members cannot be read', hint)
  }
  const [index] = best
  return { source: index === undefined ? null : (members[index] ?? null), notes }
}

async function copyToAll(
  { config }: ExportSource,
  atLeast: string | null,
  targets: readonly DataDirs[],
): Promise<{ data: ExportedData; notes: string[] } | null> {
  const [first, ...others] = targets as [DataDirs, ...DataDirs[]]
  const copy = await copyData(config, first, { atLeast }).catch(dataFault)
  if (copy === null) return null
  for (const target of others) await copyData(first, target).catch(dataFault)
  return { data: { from: config.sid ?? 0, ...figures(copy) }, notes: copy.notes }
}

function figures({ zxid, epoch, znodes, bytes }: DataCopy): Omit<ExportedData, 'from'> {
  return { zxid, epoch, znodes, bytes }
}
