/** The connect string `host:port,host:port/chroot`, as every ZooKeeper client accepts it. */
import { pathProblem } from '../protocol/paths.ts'
import { checkString } from './checks.ts'

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

export interface ConnectString {
  readonly servers: readonly ServerAddress[]
  /** Empty, or an absolute path without a slash at its end, which is put before every path of the client. */
  readonly chroot: string
}

const DEFAULT_PORT = 2181

/** @throws TypeError that says what is wrong with the string */
export function parseConnectString(text: string): ConnectString {
  checkString('the connect string', text)
  const slash = text.indexOf('/')
  const list = slash === -1 ? text : text.slice(0, slash)
  const chroot = slash === -1 ? '' : text.slice(slash).replace(/\/+$/, '')
  const problem = chroot === '' ? null : pathProblem(chroot)
  if (problem !== null) throw new TypeError(`the chroot ${chroot} ${problem}`)
  const servers = list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseServer)
  if (servers.length === 0) throw new TypeError(`no server in the connect string "${text}"`)
  return { servers, chroot }
}

function parseServer(text: string): ServerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3])
  if (host === undefined || port < 1 || port > 65_535)
    throw new TypeError(`"${text}" is not a server: host:port is wanted`)
  return { host, port }
}
