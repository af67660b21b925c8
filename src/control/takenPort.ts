/**
 * The error for a port that cannot be bound: it names the program that has it, and what can be done. Looking
 * it up costs a few milliseconds and happens only when a start has failed.
 */

import { PortError } from '../api/operationError.ts'
import type { RunningCluster } from '../supervisor/folder/presence.ts'
import { ownerText, portOwner } from '../supervisor/ports/portOwner.ts'
import { connectTo } from './client.ts'

export interface PortTrouble {
  code: 'EADDRINUSE' | 'EACCES'
  port: number
  address?: string
}

export type Runner = Pick<RunningCluster, 'name' | 'dir'>

/** Whether `thrown` says that a port could not be bound (host.ts says how it looks). */
export function isPortTrouble(thrown: unknown): thrown is Error & PortTrouble {
  const { code, port } = (thrown ?? {}) as { code?: unknown; port?: unknown }
  return (code === 'EADDRINUSE' || code === 'EACCES') && typeof port === 'number' && port >= 0
}

/** @param otherPorts how the caller chooses other ones: `use other ports: --ports auto` */
export async function explainPort(
  trouble: PortTrouble,
  running: readonly Runner[],
  otherPorts: string,
): Promise<PortError> {
  const { code, port, address = '127.0.0.1' } = trouble
  const error = (kind: string, what: string, hint: string) =>
    new PortError(kind, `port ${address}:${port} ${what}`, hint, address, port)
  if (code === 'EACCES') return error('PORT_NOT_ALLOWED', 'may be bound by root only', otherPorts)
  const cluster = await clusterOn(port, running)
  if (cluster) {
    const what = `is taken by the running cluster ${cluster.name} (${cluster.dir})`
    return error('PORT_TAKEN', what, `end it: zk-pseudo down --name ${cluster.name}\nor ${otherPorts}`)
  }
  const owner = portOwner(port)
  const what = `is taken by ${ownerText(owner)}`
  if (owner?.connectedTo) {
    const why = 'it lies in the range from which the system gives ports to connections: try again later'
    return error('PORT_TAKEN', what, `${why}\nor ${otherPorts}`)
  }
  const end = owner?.process ? `end it: kill ${owner.process.pid}` : 'end that program'
  return error('PORT_TAKEN', what, `${end}\nor ${otherPorts}`)
}

async function clusterOn(port: number, running: readonly Runner[]): Promise<Runner | null> {
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
