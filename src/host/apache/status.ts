/**
 * The status of an Apache ZooKeeper member, from `srvr`, the one four-letter word that is always answered.
 */
import type { Socket } from 'node:net'
import type { Role } from '../../core/events.ts'
import { clearTimeout, setTimeout } from '../../time.ts'

export interface Srvr {
  /** Null while the member does not serve. */
  mode: Role | 'read-only' | null
  zxid: number
  /** The number of connections, not counting the one that asked. */
  connections: number
}

const MOST_BYTES = 64 * 1024

/**
 * Sends `srvr`. Null when the member does not answer in time, or cannot be reached.
 * @param onPort called with our own port, by which the member's log line about the request can be recognized
 */
export function askSrvr(
  dial: () => Socket,
  timeoutMs: number,
  onPort: (port: number) => void,
): Promise<Srvr | null> {
  return new Promise((resolve) => {
    const socket = dial().setNoDelay()
    let text = ''
    const end = (answer: Srvr | null) => {
      clearTimeout(deadline)
      socket.destroy()
      resolve(answer)
    }
    const deadline = setTimeout(() => end(null), timeoutMs)
    socket.setEncoding('utf8')
    socket.on('connect', () => {
      onPort(socket.localPort ?? 0)
      socket.write('srvr')
    })
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > MOST_BYTES) end(null)
    })
    socket.on('error', () => end(null))
    socket.on('close', () => end(text === '' ? null : readSrvr(text)))
  })
}

/** The answer without a mode is `This ZooKeeper instance is not currently serving requests`. */
export function readSrvr(text: string): Srvr {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]?.trim()
  const mode = MODES.find((word) => word === field('Mode')) ?? null
  const zxid = Number(field('Zxid') ?? 0)
  const connections = Math.max(0, Number(field('Connections') ?? 1) - 1)
  return { mode, zxid: Number.isSafeInteger(zxid) ? zxid : 0, connections }
}

const MODES = ['leader', 'follower', 'observer', 'standalone', 'read-only'] as const
