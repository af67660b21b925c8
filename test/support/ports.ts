/**
 * Free ports for servers that must be told their ports before they bind them (Apache ZooKeeper; a fixed data directory of
 * ours). They are claimed as a cluster with automatic ports claims its own (supervisor/ports/ports.ts), so that neither a test at
 * its side nor such a cluster takes one in between.
 */
import { createServer } from 'node:net'
import { PortClaims } from '../../src/supervisor/ports/ports.ts'

const claims = new PortClaims()

/** Claims `count` ports of 127.0.0.1 that nobody listens on. Give them back with `releasePorts`. */
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

/** Lets others claim these ports again. */
export function releasePorts(ports: Iterable<number>): void {
  for (const port of ports) claims.release(port)
}

/** Whether a listener could bind the port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
