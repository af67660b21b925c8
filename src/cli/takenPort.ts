/**
 * A port that cannot be bound, told together with who holds it and what can be done. Looking it up costs a few
 * milliseconds and happens only when a start has failed.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connectTo } from '../control/client.ts'
import type { RunningCluster } from '../supervisor/presence.ts'
import { OperationError } from './errors.ts'

interface PortError {
  code: 'EADDRINUSE' | 'EACCES'
  port: number
  address?: string
}

/** Whether `thrown` says that a port could not be bound (host.ts says how it looks). */
export function isPortError(thrown: unknown): thrown is Error & PortError {
  const { code, port } = (thrown ?? {}) as { code?: unknown; port?: unknown }
  return (code === 'EADDRINUSE' || code === 'EACCES') && typeof port === 'number'
}

/** `userFiles`: the ports stand in files of the user's own, so that only they can change them. */
export async function explainPort(
  error: PortError,
  running: readonly RunningCluster[],
  userFiles: boolean,
): Promise<OperationError> {
  const where = `${error.address ?? '127.0.0.1'}:${error.port}`
  const otherPorts = userFiles
    ? 'or give the member another port in its config file'
    : 'or use other ports: --base-port PORT, or --ports auto'
  if (error.code === 'EACCES') {
    const message = `port ${where} may be bound by root only`
    return new OperationError('PORT_NOT_ALLOWED', message, otherPorts.replace(/^or /, ''))
  }
  const cluster = await clusterOn(error.port, running)
  if (cluster) {
    const message = `port ${where} is taken by the running cluster ${cluster.name} (${cluster.dir})`
    return new OperationError(
      'PORT_TAKEN',
      message,
      `end it: zk-pseudo down --name ${cluster.name}\n${otherPorts}`,
    )
  }
  const listener = listenerOn(error.port)
  const by = listener === null ? 'another program' : `${listener.command} (process ${listener.pid})`
  const end = listener === null ? 'end that program' : `end it: kill ${listener.pid}`
  return new OperationError('PORT_TAKEN', `port ${where} is taken by ${by}`, `${end}\n${otherPorts}`)
}

async function clusterOn(port: number, running: readonly RunningCluster[]): Promise<RunningCluster | null> {
  const holds = await Promise.all(
    running.map(async ({ dir }) => {
      const cluster = await connectTo(dir)
        .cluster()
        .catch(() => null)
      return cluster?.members.some(
        (member) =>
          member.exit === null &&
          [member.clientPort, member.secureClientPort, member.quorumPort, member.electionPort].includes(port),
      )
    }),
  )
  return running.find((_, i) => holds[i]) ?? null
}

/** The process that listens on a TCP port; null where /proc does not tell (other users, other systems). */
export function listenerOn(port: number): { pid: number; command: string } | null {
  const inodes = listeningInodes(port)
  if (inodes.size === 0) return null
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
        if (inode !== undefined && inodes.has(inode)) {
          return { pid: Number(pid), command: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() }
        }
      }
    } catch {
      // Another user's process, or one that has just ended.
    }
  }
  return null
}

/** Inodes of the sockets in state LISTEN (0A) on the port, from the kernel's tables (proc(5), /proc/net/tcp). */
function listeningInodes(port: number): Set<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string
    try {
      text = readFileSync(table, 'utf8')
    } catch {
      continue
    }
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      if (fields[1]?.endsWith(wanted) && fields[3] === '0A' && fields[9] !== undefined) inodes.add(fields[9])
    }
  }
  return inodes
}
