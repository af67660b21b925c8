/**
 * Free ports for servers that must know their ports before they bind them (Apache ZooKeeper, or our members
 * on a fixed data directory). They are claimed as a cluster with automatic ports claims its own
 * (supervisor/ports/ports.ts), so that neither another test nor such a cluster takes one in between.
 */
import { createServer } from 'node:net'
import { PortClaims } from '../../src/supervisor/ports/ports.ts'

const claims = new PortClaims()

/** Claims `count` ports of 127.0.0.1 that nothing listens on. Return them with `releasePorts`. */
export async function claimPorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    for (const port of await claims.claimAny(count - ports.length)) {
      if (await isFree(port)) ports.push(port)
      else claims.release(port)
    }
  }
  return ports
}

/** Lets other processes claim these ports again. */
export function releasePorts(ports: Iterable<number>): void {
  for (const port of ports) claims.release(port)
}

/** Whether a listener could bind the port at this moment. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
