/** Ports that `localize` is told to use instead of those nearest to what the configs had. */
import { createServer } from 'node:net'
import type { GivenPorts, Localized } from '../config/localize/localize.ts'
import { PortClaims } from '../supervisor/ports/ports.ts'
import { usageError } from './errors.ts'

export interface PortOptions {
  basePort?: number
  ports?: 'auto'
}

/** @param localized the same configs with ports of their own: how many there are */
export async function givenPorts(
  { basePort, ports }: PortOptions,
  localized: Localized,
): Promise<GivenPorts | null> {
  const count = localized.members.reduce((sum, member) => sum + Object.keys(member.ports).length, 0)
  if (basePort !== undefined) return counted(basePort, count)
  if (ports === undefined) return null
  return { list: await freePorts(count), why: 'free when this was written (--ports auto)' }
}

function counted(basePort: number, count: number): GivenPorts {
  const most = 65_536 - count
  if (basePort > most) {
    const message = `--base-port ${basePort} leaves no room for the ${count} ports of these members`
    throw usageError(message, `use 1 to ${most}`)
  }
  return { list: Array.from({ length: count }, (_, i) => basePort + i), why: `--base-port ${basePort}` }
}

/**
 * Checks that no port is claimed, and that each could be bound. Files cannot hold a port; the cluster that is
 * started from them binds it.
 */
async function freePorts(count: number): Promise<number[]> {
  const claims = new PortClaims()
  const free: number[] = []
  try {
    while (free.length < count)
      for (const port of await claims.claimAny(count - free.length)) if (await canBind(port)) free.push(port)
    return free
  } finally {
    claims.releaseAll()
  }
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)))
  })
}
