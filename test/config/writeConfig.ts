/**
 * A ServerConfig into the text of a zoo.cfg that Apache ZooKeeper accepts unchanged, by the tables of keys.
 *
 * Invariant: parsing the text gives the same config again (all but `file`, `sid` and the lines of `origin`).
 * Keys at their default are left out, except those that everybody expects to see.
 */
import { isDistributed, ownServer, type ServerConfig } from '../../src/config/serverConfig.ts'
import { formatServer } from '../../src/config/servers/servers.ts'
import type { Row, Table, Value } from '../../src/config/settings/row.ts'
import { FLAT, GROUPS } from '../../src/config/settings/table.ts'
import { line } from '../../src/config/text/line.ts'

export function writeConfig(config: ServerConfig): string {
  const groups = Object.keys(GROUPS) as (keyof typeof GROUPS)[]
  const settings = new Map<string, string>([
    ...basics(config),
    ...textsOf(FLAT, withoutBasics(config)),
    ...groups.flatMap((group) => textsOf(GROUPS[group], config[group])),
    ...Object.entries(config.other),
  ])
  const lines = [...settings].map(([key, text]) => line(key, text))
  return `${[...lines, ...membershipLines(config)].join('\n')}\n`
}

type Texts = [key: string, text: string][]

function textsOf(table: Table, values: Readonly<Record<string, unknown>>): Texts {
  return Object.entries(table).flatMap(([name, row]) => textOf(row, values[name] as Value | null))
}

/** Nothing for a value that is the default of its key. */
function textOf(row: Row, value: Value | null): Texts {
  if (value === null) return []
  if (row.kind === 'family') return Object.entries(value)
  const text = plainText(row, value)
  return text === row.default ? [] : [[row.key, text]]
}

function plainText({ kind }: Row, value: Value): string {
  if (Array.isArray(value)) return value.join(',')
  if (kind === 'onlyYes' || kind === 'unlessNo') return value ? 'yes' : 'no'
  // Apache 3.8 reads whole hours; only a value that was given in smaller units needs a unit again.
  if (kind === 'interval' && !Number.isInteger(value)) return `${Math.round(Number(value) * 3_600_000)}ms`
  return String(value)
}

function basics(config: ServerConfig): Texts {
  return [
    ['tickTime', String(config.tickTimeMs)],
    ['dataDir', config.dataDir],
    ...(config.clientPort === 0 ? [] : ([['clientPort', String(config.clientPort)]] satisfies Texts)),
    ...(writesClientAddress(config)
      ? ([['clientPortAddress', config.clientPortAddress]] satisfies Texts)
      : []),
  ]
}

/** The other fields; null where a value is what it would be without its key. */
function withoutBasics(config: ServerConfig) {
  const { tickTimeMs, dataDir, dataLogDir, minSessionTimeoutMs: min, maxSessionTimeoutMs: max } = config
  const { juteMaxBuffer, juteMaxBufferExtraSize: extra } = config
  return {
    ...config,
    tickTimeMs: null,
    dataDir: null,
    clientPort: null,
    clientPortAddress: null,
    dataLogDir: dataLogDir === dataDir ? null : dataLogDir,
    minSessionTimeoutMs: min === tickTimeMs * 2 ? null : min,
    maxSessionTimeoutMs: max === tickTimeMs * 20 ? null : max,
    juteMaxBufferExtraSize: extra === Math.max(juteMaxBuffer, 1024) ? null : extra,
  }
}

/**
 * Apache listens everywhere unless an address is written; but it refuses one beside a server line of this
 * member that has only a client port, which to Apache is 0.0.0.0 (QuorumPeerConfig.setupClientPort).
 */
function writesClientAddress(config: ServerConfig): boolean {
  if (config.clientPort === 0) return 'clientPortAddress' in config.origin
  const own = ownServer(config)
  const candidates = own === null ? config.servers : [own]
  const bare = candidates.some((server) => server.clientPort !== null && server.clientAddress === null)
  return !bare || config.clientPortAddress !== '127.0.0.1'
}

/** A dynamic file stays where it is: its lines must not be in this file as well. */
function membershipLines(config: ServerConfig): string[] {
  if (config.dynamicConfigFile !== null || !isDistributed(config)) return []
  return [
    ...config.servers.map((server) => {
      // A client port without an address stays so: it means 127.0.0.1 here and 0.0.0.0 to Apache.
      const bare = server.clientPort !== null && server.clientAddress === null
      const value = formatServer(bare ? { ...server, clientPort: null } : server)
      return line(`server.${server.sid}`, `${value}${bare ? `;${server.clientPort}` : ''}`)
    }),
    ...Object.entries(config.groups).map(([gid, sids]) => `group.${gid}=${sids.join(':')}`),
    ...Object.entries(config.weights).map(([sid, weight]) => `weight.${sid}=${weight}`),
  ]
}
