/**
 * Turns the text of a zoo.cfg into a ServerConfig and finds everything that is wrong with it. Pure.
 *
 * Follows QuorumPeerConfig.parseProperties and parseDynamicConfig, except that it continues after the first
 * problem. Checks that need the server's own id are in servers/ownServer.ts, and checks that need the other
 * members in ensemble.ts.
 */

import { hasErrors, type Location, type Problem, problem, sortProblems } from '../problem.ts'
import type { ServerConfig } from '../serverConfig.ts'
import { adoptClientAddress } from '../servers/ownServer.ts'
import { checkServerList, runsStandalone } from '../servers/serverListChecks.ts'
import { readServerList, type ServerList } from '../servers/servers.ts'
import { keySpec, MEMBERSHIP_KEY, nearestKey } from '../settings/keys.ts'
import { faultProblem, type Settings, settingsOf } from '../settings/settings.ts'
import { ROWS } from '../settings/table.ts'
import { readValue } from '../settings/values.ts'
import { lastOfEach, reportBlankBehind, withoutComment } from '../text/entries.ts'
import { type Entry, lex } from '../text/lexer.ts'
import { dependentFields } from './dependent.ts'
import { checkPaths } from './paths.ts'
import { checkSecureClientPort } from './secureClientPort.ts'

export interface SourceText {
  file: string
  text: string
}

interface ParsedConfig {
  /** Complete even when there are errors, because defaults fill the gaps; it must not be run then. */
  config: ServerConfig
  /** Sorted by file and line. */
  problems: Problem[]
}

/**
 * @param file the name of the file in messages
 * @param dynamic the file that `dynamicConfigFile` names, read by the caller
 */
export function parseConfig(text: string, file: string, dynamic: SourceText | null = null): ParsedConfig {
  const problems: Problem[] = []
  const lexed = lex(text, file)
  problems.push(...lexed.problems)
  const entries = lexed.entries.map((entry) => withoutComment(entry, problems))
  const isMembership = (entry: Entry) => MEMBERSHIP_KEY.test(entry.key)
  const byKey = lastOfEach(
    entries.filter((entry) => !isMembership(entry)),
    problems,
  )
  const settings = settingsOf(byKey, file, problems)
  const dynamicFile = settings.written('dynamicConfigFile')
  let membership = entries.filter(isMembership)
  if (dynamicFile !== null) {
    for (const entry of membership) {
      const hint = `move it to ${dynamicFile}`
      problems.push(problem('error', entry, `${entry.key} must be in the dynamic config file`, hint))
    }
    membership = dynamicEntries(dynamicFile, dynamic, settings.at('dynamicConfigFile'), problems)
  }
  const listProblems: Problem[] = []
  const list = readServerList(membership, listProblems)
  problems.push(...listProblems)
  for (const entry of membership) reportBlankBehind(entry, problems)
  const config = configOf(file, settings, list, problems)
  problems.push(...checkPaths(settings))
  config.configVersion = versionOf(dynamicFile)
  config.origin = Object.fromEntries(
    [...byKey.values(), ...membership.toReversed()].map(({ key, file, line }) => [
      plainId(key),
      { file, line },
    ]),
  )
  reportOthers(settings, problems)
  config.other = Object.fromEntries(settings.unread().map(({ key, value }) => [key, value]))
  // The rules for whole lists say nothing about a list with faulty lines.
  if (!hasErrors(listProblems)) problems.push(...checkServerList(config))
  if (!runsStandalone(config)) return { config, problems: sortProblems(problems) }
  const alone = standalone(config)
  return { config: alone.config, problems: sortProblems([...problems, ...alone.problems]) }
}

/** `server.01` and `server.+1` are the lines of server 1. */
function plainId(key: string): string {
  return key.replace(/^(server|group|weight)\.\+?(\d+)$/, (_, kind, id) => `${kind}.${Number(id)}`)
}

/** Of a single server line only the client part counts: QuorumPeerMain then starts a standalone server. */
function standalone(parsed: ServerConfig): { config: ServerConfig; problems: Problem[] } {
  const config = { ...parsed }
  const [only] = config.servers
  const problems = only === undefined || only.clientPort === null ? [] : adoptClientAddress(config, only)
  return { config: { ...config, servers: [], groups: {}, weights: {} }, problems }
}

/** A dynamic file holds the server list and nothing else (QuorumPeerConfig.parseDynamicConfig). */
function dynamicEntries(
  name: string,
  dynamic: SourceText | null,
  where: Location,
  problems: Problem[],
): Entry[] {
  if (dynamic === null) {
    const hint = 'put the server list there, or into this file without dynamicConfigFile'
    problems.push(problem('error', where, `dynamicConfigFile ${name} was not read`, hint))
    return []
  }
  const lexed = lex(dynamic.text, dynamic.file)
  problems.push(...lexed.problems)
  const membership: Entry[] = []
  for (const raw of lexed.entries) {
    const entry = withoutComment(raw, problems)
    if (MEMBERSHIP_KEY.test(entry.key)) {
      membership.push(entry)
    } else if (entry.key === 'version') {
      const hint = "remove it: the version is the suffix of the file's name"
      problems.push(problem('error', entry, 'the dynamic config file must not have a version inside', hint))
    } else {
      const hint = 'only server, group and weight lines belong here'
      problems.push(problem('error', entry, `${entry.key} in the dynamic config file`, hint))
    }
  }
  return membership
}

/** `zoo.cfg.dynamic.100000000` has version 100000000 (QuorumPeerConfig.getVersionFromFilename). */
function versionOf(dynamicFile: string | null): string {
  const suffix = /\.([0-9a-fA-F]{1,16})$/.exec(dynamicFile ?? '')?.[1]
  return suffix === undefined ? '0' : BigInt(`0x${suffix}`).toString(16)
}

function configOf(file: string, settings: Settings, list: ServerList, problems: Problem[]): ServerConfig {
  const fields = settings.fields()
  const dependent = dependentFields(fields, settings, list, problems)
  problems.push(...checkSecureClientPort(fields, settings))
  return { file, ...fields, ...dependent, ...list, sid: null, configVersion: '0', other: {}, origin: {} }
}

/** Reports unknown keys, keys that this version does not act on, and faulty values of the latter. */
function reportOthers(settings: Settings, problems: Problem[]): void {
  for (const entry of settings.unread()) {
    const spec = keySpec(entry.key)
    if (spec === null) {
      const nearest = nearestKey(entry.key)
      const hint = nearest === null ? 'it has no effect' : `did you mean ${nearest}?`
      problems.push(problem('warning', entry, `unknown key ${entry.key || '""'}`, hint))
      continue
    }
    const { fault } = readValue(spec, entry.value)
    if (fault !== null) problems.push(faultProblem(spec, entry.value, fault, entry, true))
    else if (spec.notActed === 'later' && entry.value.toLowerCase() !== spec.behavesAs?.toLowerCase()) {
      const hint = spec.behavesAs ? `it works as with ${spec.behavesAs}` : 'remove it to be sure'
      problems.push(problem('warning', entry, `${entry.key} has no effect in this version`, hint))
    }
  }
  for (const { source, key, notActed } of ROWS) {
    if (source !== 'jvm' || notActed !== undefined || !settings.has(key)) continue
    const hint = `there it takes the JVM option -D${key}`
    const message = `${key} works here, but Apache ZooKeeper ignores it in this file`
    problems.push(problem('warning', settings.at(key), message, hint))
  }
}
