/**
 * Which process has a TCP port on this machine, as far as /proc tells (on Linux, and not for other users'
 * processes).
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface PortOwner {
  /** Null where it is another user's. */
  readonly process: { readonly pid: number; readonly command: string } | null
  /** The remote end, if the port belongs to an outgoing connection; null if a process listens on it. */
  readonly connectedTo: string | null
}

const LISTENING = '0A'

/** Null when no process is seen to have it. */
export function portOwner(port: number): PortOwner | null {
  const sockets = socketsOn(port)
  const [first] = sockets.filter(({ state }) => state === LISTENING)
  const socket = first ?? sockets[0]
  if (socket === undefined) return null
  return {
    process: processWith(socket.inode),
    connectedTo: first === undefined ? socket.remote : null,
  }
}

/** For people: `curl (process 12)`. */
export function ownerText(owner: PortOwner | null): string {
  const who = owner?.process
  const name = who ? `${who.command} (process ${who.pid})` : 'another program'
  return owner?.connectedTo ? `an outgoing connection of ${name} to ${owner.connectedTo}` : name
}

interface TcpSocket {
  readonly state: string
  readonly inode: string
  readonly remote: string
}

/** From the kernel's tables (proc(5), /proc/net/tcp). A socket without an inode has no owner any more. */
function socketsOn(port: number): TcpSocket[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const found: TcpSocket[] = []
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of rowsOf(table)) {
      const [, local = '', remote = '', state = '', , , , , , inode = '0'] = row.trim().split(/\s+/)
      if (local.endsWith(wanted) && inode !== '0') found.push({ state, inode, remote: addressText(remote) })
    }
  }
  return found
}

function rowsOf(table: string): string[] {
  try {
    return readFileSync(table, 'utf8').split('\n').slice(1)
  } catch {
    return []
  }
}

/**
 * `0100007F:1F90` is 127.0.0.1:8080: the address is one number in the machine's own byte order. Of IPv6 only
 * the port.
 */
function addressText(hex: string): string {
  const [address = '', port = ''] = hex.split(':')
  const number = Number.parseInt(port, 16)
  if (address.length !== 8) return `port ${number}`
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(address.slice(at, at + 2), 16))
  return `${bytes.join('.')}:${number}`
}

function processWith(inode: string): PortOwner['process'] {
  for (const pid of pids()) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) !== `socket:[${inode}]`) continue
        return { pid: Number(pid), command: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() }
      }
    } catch {
      // Another user's process, or one that has just ended.
    }
  }
  return null
}

function pids(): string[] {
  try {
    return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  } catch {
    return []
  }
}
