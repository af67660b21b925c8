/**
 * Names and addresses. A member's name is the same in every config, and resolves differently for each member:
 * its own name to the address it listens on, any other's to the proxy's listener for exactly this pair. So
 * sender and receiver are known by the address that was dialled, all configs are equal, and what they say
 * about one another reads the same.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import type { Address } from '../../../src/core/election/codec.ts'

export type MemberId = number
export type PortKind = 'election' | 'quorum'

export const nameOf = (id: MemberId): string => `zoo-${id}`
/** Ids count from 1, so that the members' own addresses are distinct from the proxy's. */
export const ownAddress = (id: MemberId): string => `127.77.0.${id}`
export const addressBetween = (from: MemberId, to: MemberId): string => `127.77.${from}.${to}`

export function hostsFile(own: MemberId, ids: readonly MemberId[]): string {
  const lines = ids.map((id) => `${id === own ? ownAddress(id) : addressBetween(own, id)} ${nameOf(id)}`)
  return [...lines, '127.0.0.1 localhost', ''].join('\n')
}

/** Why traces cannot be recorded here; undefined when they can. */
export function recordingUnavailable(): string | undefined {
  return process.platform === 'linux'
    ? undefined
    : 'traces are recorded on Linux only: they need all of 127.0.0.0/8, and /proc/net/tcp'
}

const LISTENING = '0A'

/** `address:port` of every listener on an IPv4 address of this machine, in either of the kernel's tables. */
export function listening(): Set<string> {
  return new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap(listenersIn))
}

export const addressKey = ({ host, port }: Address): string => `${host}:${port}`

const PAGE = 4096

/** Listeners come first in the table, and the kernel takes milliseconds to produce everything after them. */
function listenersIn(table: string): string[] {
  const found: string[] = []
  let file: number
  try {
    file = openSync(table, 'r')
  } catch {
    // A machine without IPv6 has no second table.
    return found
  }
  try {
    const page = Buffer.alloc(PAGE)
    let rest = ''
    for (;;) {
      const length = readSync(file, page)
      const lines = `${rest}${page.toString('latin1', 0, length)}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [number = '', local = '', , state] = line.trim().split(/\s+/)
        if (!/^\d+:$/.test(number)) continue
        if (state !== LISTENING) return found
        found.push(addressText(local))
      }
      if (length === 0) return found
    }
  } finally {
    closeSync(file)
  }
}

/**
 * The kernel prints words of four bytes as numbers in this machine's byte order; the last word is the IPv4
 * address.
 */
function addressText(local: string): string {
  const [words = '', port = ''] = local.split(':')
  const bytes = words.slice(-8).match(/../g) ?? []
  return `${bytes
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')}:${Number.parseInt(port, 16)}`
}
