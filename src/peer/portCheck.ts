/** Finds out, before anything runs, that a port which is only opened later is taken already. */
import { createServer } from 'node:net'

/** @throws the system's error with `code` (EADDRINUSE), `address` and `port` */
export function requirePort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port }, () => server.close(() => resolve()))
  })
}
