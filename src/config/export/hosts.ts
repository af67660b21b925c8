/**
 * Reads the hosts of `export --hosts h1,h2,h3`, or `1=h1,2=h2,3=h3`: names or addresses without ports. Pure.
 */
import { isIP, isIPv4 } from 'node:net'
import { isWildcard } from '../servers/ports.ts'

/** What is wrong with a host, and what to write instead. */
interface HostFault {
  fault: string
  hint: string
}

/** @returns the host of each member, by id */
export function readHosts(text: string, sids: readonly number[]): Map<number, string> | HostFault {
  const parts = text.split(',').map((part) => part.trim())
  const named: { sid: number | null; host: string }[] = []
  for (const part of parts) {
    const [, id, written = ''] = /^(?:(\d+)=)?(.*)$/s.exec(part) as RegExpExecArray
    const host = written.replace(/^\[([^\]]*)\]$/, '$1')
    const fault = hostFault(host)
    if (fault !== null) return fault
    named.push({ sid: id === undefined ? null : Number(id), host })
  }
  if (named.length !== sids.length) {
    const few = named.length < sids.length ? 'few' : 'many'
    return {
      fault: `${named.length} hosts are too ${few} for ${membersText(sids)}`,
      hint: `name one host for each member, in the order of their ids: --hosts ${sids.map((_, i) => `h${i + 1}`).join(',')}`,
    }
  }
  const withId = named.filter(({ sid }) => sid !== null)
  if (withId.length === 0) return new Map(sids.map((sid, i) => [sid, named[i]?.host as string]))
  const example = sids.map((sid, i) => `${sid}=h${i + 1}`).join(',')
  const hosts = new Map(named.map(({ sid, host }) => [sid as number, host]))
  const isWhole = withId.length === named.length && sids.every((sid) => hosts.has(sid))
  return isWhole
    ? hosts
    : {
        fault: `the ids do not name each of ${membersText(sids)} once`,
        hint: `for example: --hosts ${example}`,
      }
}

const NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/

function hostFault(host: string): HostFault | null {
  const hint = 'write names or addresses, for example: --hosts zk1.example.com,10.0.0.2,fd00::3'
  if (host === '') return { fault: 'a host is empty', hint }
  if (isIP(host) !== 0) {
    return isWildcard(host) ? { fault: `${host} means every address, not one host`, hint } : null
  }
  if (/^[^:]+:\d+$/.test(host)) {
    const why = 'ports are 2181, 2888 and 3888, or those of the members with --keep-ports'
    return { fault: `"${host}" has a port`, hint: `leave it out: ${why}` }
  }
  const looksNumeric = /^[\d.]+$/.test(host) && !isIPv4(host)
  return looksNumeric || !NAME.test(host) ? { fault: `"${host}" is not a host name or address`, hint } : null
}

/** Whether only this machine reaches the host; then nothing on it should be reachable from elsewhere. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(host)
}

function membersText(sids: readonly number[]): string {
  return `${sids.length === 1 ? 'member' : 'members'} ${sids.join(', ')}`
}
