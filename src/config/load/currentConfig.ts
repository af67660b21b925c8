/**
 * A member's config as its files have it now. A supervisor that has read it before a reconfiguration holds a
 * stale server list, because the member has since pointed its zoo.cfg to a later one.
 */
import { statSync } from 'node:fs'
import { isDistributed, ownServer, type ServerConfig, type ServerSpec } from '../serverConfig.ts'
import { loadConfig } from './load.ts'

interface Read {
  readonly changed: string
  readonly config: ServerConfig
}

/** Callers ask often, so a file is read again only when it has changed. */
const cache = new WeakMap<ServerConfig, Read>()

/** The given config, with the server list of a later version where its file names one. */
export function currentConfig(given: ServerConfig): ServerConfig {
  if (!given.reconfigEnabled || !isDistributed(given)) return given
  const stats = statSync(given.file, { throwIfNoEntry: false })
  if (stats === undefined) return given
  const changed = `${stats.ino} ${stats.mtimeMs} ${stats.size}`
  const known = cache.get(given)
  if (known?.changed === changed) return known.config
  const config = reread(given)
  cache.set(given, { changed, config })
  return config
}

function reread(given: ServerConfig): ServerConfig {
  const { config: present } = loadConfig(given.file)
  if (present === null || !isLater(present.configVersion, given.configVersion)) return given
  const { servers, groups, weights, configVersion, dynamicConfigFile } = present
  const config = { ...given, servers, groups, weights, configVersion, dynamicConfigFile }
  const own = ownServer(config)
  if (own === null) return config
  config.peerType = own.role
  if (own.clientPort !== null) {
    config.clientPort = own.clientPort
    config.clientPortAddress = own.clientAddress ?? given.clientPortAddress
  }
  return config
}

/** The server list in force, as far as the files of any member know it; all members run on this machine. */
export function presentServers(configs: readonly ServerConfig[]): readonly ServerSpec[] {
  const present = configs.map(currentConfig)
  const [newest] = present.sort((a, b) => (isLater(b.configVersion, a.configVersion) ? 1 : -1))
  return newest?.servers ?? []
}

function isLater(one: string, other: string): boolean {
  return Number.parseInt(one, 16) > Number.parseInt(other, 16)
}
