/**
 * The fields that follow from more than one key, or from a key by a rule of its own, with the checks that
 * come with them. Pure.
 */
import { type Problem, problem } from '../problem.ts'
import type { DependentFields } from '../serverConfig.ts'
import type { ServerList } from '../servers/servers.ts'
import type { Settings } from '../settings/settings.ts'
import { STORAGE } from '../settings/storage.ts'
import type { TableFields } from '../settings/table.ts'

export function dependentFields(
  fields: TableFields,
  settings: Settings,
  list: ServerList,
  problems: Problem[],
): DependentFields {
  if (fields.dataDir === null) {
    const hint = 'add a line such as dataDir=/tmp/zookeeper'
    problems.push(problem('error', settings.at('dataDir'), 'dataDir is missing', hint))
  }
  if (fields.electionAlg !== 3) {
    const hint = 'only 3, fast leader election, exists; remove the line'
    problems.push(problem('error', settings.at('electionAlg'), 'electionAlg must be 3', hint))
  }
  problems.push(...checkClientPorts(settings, list))
  const dataDir = fields.dataDir ?? ''
  return {
    dataDir,
    dataLogDir: fields.dataLogDir ?? dataDir,
    clientPort: fields.clientPort ?? 0,
    ...sessionTimeouts(fields, settings, problems),
    // The default is jute.maxbuffer, and the least is 1024 (BinaryInputArchive).
    juteMaxBufferExtraSize: Math.max(fields.juteMaxBufferExtraSize ?? fields.juteMaxBuffer, 1024),
    fourLetterWords: fourLetterWords(fields.fourLetterWords),
    syncEnabled: fields.observerSyncEnabled ?? fields.syncEnabled,
    snapshotCompression: compression(fields.snapshotCompression, settings, problems),
    snapshotSizeFactor: sizeFactor(fields.snapshotSizeFactor, settings, problems),
  }
}

function checkClientPorts(settings: Settings, list: ServerList): Problem[] {
  const problems: Problem[] = []
  for (const [port, address] of [
    ['clientPort', 'clientPortAddress'],
    ['secureClientPort', 'secureClientPortAddress'],
  ] as const) {
    if (settings.has(port) || settings.written(address) === null) continue
    const message = `${address} is set, but ${port} is not, and Apache ZooKeeper refuses that`
    problems.push(problem('warning', settings.at(address), message, `add a ${port} line, or remove this one`))
  }
  const isOnServerLine = list.servers.some((server) => server.clientPort !== null)
  if (!settings.has('clientPort') && !settings.has('secureClientPort') && !isOnServerLine) {
    const hint = 'add a line such as clientPort=2181'
    problems.push(problem('error', settings.at('clientPort'), 'clientPort is missing', hint))
  }
  return problems
}

function sessionTimeouts(fields: TableFields, settings: Settings, problems: Problem[]) {
  const { tickTimeMs, minSessionTimeoutMs: min, maxSessionTimeoutMs: max } = fields
  const minSessionTimeoutMs = min === -1 ? tickTimeMs * 2 : min
  const maxSessionTimeoutMs = max === -1 ? tickTimeMs * 20 : max
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    const where = settings.at(min === -1 ? 'maxSessionTimeout' : 'minSessionTimeout')
    const names = [`minSessionTimeout ${minSessionTimeoutMs}`, `maxSessionTimeout ${maxSessionTimeoutMs}`]
    const hint = 'the defaults are 2 and 20 times tickTime'
    problems.push(problem('error', where, `${names[0]} ms is larger than ${names[1]} ms`, hint))
  }
  return { minSessionTimeoutMs, maxSessionTimeoutMs }
}

/** FourLetterCommands.isEnabled: `*` anywhere means all, and srvr is always answered. */
function fourLetterWords(words: readonly string[]): string[] {
  return words.includes('*') ? ['*'] : [...new Set([...words, 'srvr'])]
}

const COMPRESSIONS = ['', 'gz', 'snappy'] as const

function compression(written: string | null, settings: Settings, problems: Problem[]) {
  const known = COMPRESSIONS.find((method) => method === (written ?? '').toLowerCase())
  if (known !== undefined) return known
  const message = `snapshot.compression.method: "${written}" is neither gz nor snappy`
  const hint = 'snapshots are not compressed'
  problems.push(problem('warning', settings.at('snapshot.compression.method'), message, hint))
  return ''
}

/** ZKDatabase does not take a factor above 1. */
function sizeFactor(factor: number, settings: Settings, problems: Problem[]): number {
  if (factor <= 1) return factor
  const usual = Number(STORAGE.snapshotSizeFactor.default)
  const message = `snapshotSizeFactor ${factor} is larger than 1`
  problems.push(problem('warning', settings.at('snapshotSizeFactor'), message, `${usual} is used`))
  return usual
}
