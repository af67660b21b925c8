/**
 * Checks whether a server list makes an ensemble, and how many failures that survives, by the rules of
 * QuorumPeerConfig.parseDynamicConfig and checkValidity. Pure.
 */

import { type Problem, problem } from '../problem.ts'
import { originOf, type ServerConfig } from '../serverConfig.ts'
import { clashes, serverLineClaims } from './ports.ts'

/**
 * Whether there are no server lines, or a single one, which is ignored with `standaloneEnabled` (the
 * default).
 */
export function runsStandalone(config: ServerConfig): boolean {
  const voters = voterCount(config)
  return (
    config.servers.length === 0 || (config.standaloneEnabled && voters === 1 && config.servers.length === 1)
  )
}

function voterCount(config: ServerConfig): number {
  return config.servers.filter((server) => server.role === 'participant').length
}

/** @param config with its server list as it is in the file */
export function checkServerList(config: ServerConfig): Problem[] {
  const voters = voterCount(config)
  const observers = config.servers.length - voters
  const where = originOf(config, `server.${config.servers.at(-1)?.sid}`)
  if (voters === 0 && !config.standaloneEnabled) {
    const message = 'standaloneEnabled=false needs at least one participant in the server list'
    return [problem('error', originOf(config, 'standaloneEnabled'), message, 'add server.N lines')]
  }
  if (voters === 0 && observers > 0) {
    const message = 'all servers are observers, so nobody can be elected'
    return [problem('error', where, message, 'add participants, best three')]
  }
  if (voters === 1 && config.standaloneEnabled && observers > 0) {
    const hint = 'add participants, or set standaloneEnabled=false'
    return [problem('error', where, 'observers need a quorum, and one participant runs standalone', hint)]
  }
  if (config.servers.length === 0) return []
  if (runsStandalone(config)) {
    const hint = 'remove the line, add more servers, or set standaloneEnabled=false'
    return [problem('warning', where, 'the only server line is ignored: one server runs standalone', hint)]
  }
  return [...checkLimits(config), ...checkSize(config, voters), ...clashes(serverLineClaims(config))]
}

function checkLimits(config: ServerConfig): Problem[] {
  return (['initLimit', 'syncLimit'] as const)
    .filter((key) => config[key] === 0)
    .map((key) => {
      const hint = `add a line such as ${key === 'initLimit' ? 'initLimit=10' : 'syncLimit=5'} (ticks)`
      return problem('error', originOf(config, key), `${key} is missing, and an ensemble needs it`, hint)
    })
}

/** Weighted groups have majorities of their own; this arithmetic is for plain ensembles. */
function checkSize(config: ServerConfig, voters: number): Problem[] {
  const hierarchical = Object.keys(config.groups).length > 0
  if (hierarchical || voters % 2 === 1) return []
  const where = originOf(config, `server.${config.servers.at(-1)?.sid}`)
  const majority = voters / 2 + 1
  const message =
    voters === 2
      ? '2 voting servers survive no failure: a majority of 2 is 2'
      : `${voters} voting servers survive ${voters - majority} failures, no more than ${voters - 1} do: a majority of ${voters} is ${majority}`
  const singular = message.replace('survive 1 failures', 'survive 1 failure')
  return [problem('warning', where, singular, `use ${voters === 2 ? 3 : `${voters - 1} or ${voters + 1}`}`)]
}
