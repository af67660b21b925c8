/**
 * One server of an ensemble on many hosts that moves to this machine: what it was, and the ports that it
 * gets. Pure.
 */
import { join } from 'node:path'
import { isJvmOnly } from '../jvmFlags.ts'
import type { SourceText } from '../load/parse.ts'
import type { PortWish } from '../localize/ports.ts'
import type { Location } from '../problem.ts'
import type { Role, ServerConfig, ServerSpec } from '../serverConfig.ts'
import { settingsIn } from '../text/rewrite.ts'

export interface LocalizeSource extends SourceText {
  /** The content of its dynamicConfigFile, wherever that was found. */
  dynamic: SourceText | null
  /** The id in a myid that belongs to this file alone. */
  myid: { sid: number; where: Location } | null
  /** Settings that a java.env beside the file adds, by key as in zoo.cfg. */
  flags: ReadonlyMap<string, string>
}

/** Ports by kind: `clientPort`, `quorum port`, `election port`, and the keys of other ports. */
export type LocalPorts = Readonly<Record<string, number>>

export interface LocalServer {
  sid: number
  role: Role
  /** Null for a standalone server. */
  line: ServerSpec | null
  source: LocalizeSource
  config: ServerConfig
  /** The settings of its file by key. */
  written: ReadonlyMap<string, string>
  /** The same together with the settings of its java.env. */
  settings: ReadonlyMap<string, string>
  ports: LocalPorts
}

/** The host of every member, and the address at which it listens. */
export const HERE = '127.0.0.1'

export function localServer(
  sid: number,
  line: ServerSpec | null,
  source: LocalizeSource,
  config: ServerConfig,
): LocalServer {
  const written = settingsIn(source)
  const settings = new Map(written)
  // Apache takes keys that it knows only as JVM options from java.env, and all others from the file first.
  for (const [key, value] of source.flags) if (isJvmOnly(key) || !written.has(key)) settings.set(key, value)
  return { sid, role: line?.role ?? 'participant', line, source, config, written, settings, ports: {} }
}

export function foldersOf({ sid, config }: LocalServer, out: string): [dataDir: string, dataLogDir: string] {
  const dataDir = join(out, 'data', String(sid))
  return [dataDir, config.dataLogDir === config.dataDir ? dataDir : join(out, 'datalog', String(sid))]
}

/** Only where the settings ask for it: it is on by default, but on one machine all would want port 8080. */
export function runsAdminServer({ settings }: LocalServer): boolean {
  const enabled = settings.get('admin.enableServer')?.toLowerCase()
  return enabled !== 'false' && (enabled !== undefined || settings.has('admin.serverPort'))
}

/** The ports that the server had, in the order in which they are reported. */
export function portWishes(server: LocalServer): PortWish[] {
  const { sid, line, config, settings } = server
  const wishes: PortWish[] = []
  const add = (kind: string, port: number | null) => {
    if (port !== null && port > 0) wishes.push({ sid, kind, port })
  }
  add('clientPort', line?.clientPort ?? config.clientPort)
  add('secureClientPort', config.secureClientPort.port)
  add('quorum port', line?.quorumPort ?? null)
  add('election port', line?.electionPort ?? null)
  if (runsAdminServer(server)) add('admin.serverPort', Number(settings.get('admin.serverPort') ?? '8080'))
  for (const key of ['metricsProvider.httpPort', 'metricsProvider.httpsPort']) {
    add(key, Number(settings.get(key) ?? '-1'))
  }
  return wishes
}
