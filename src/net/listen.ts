/** How every listener here binds a port, frees it, and names its callers. */
import { createServer, type Server, type Socket } from 'node:net'

/**
 * @param port 0: a free port is taken
 * @param backlog -1: the system's default
 * @returns the port
 * @throws the system's error with `code` (EADDRINUSE), `address` and `port`
 */
export function listen(server: Server, host: string, port: number, backlog: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, ...(backlog > 0 ? { backlog } : {}) }, () => {
      server.off('error', reject)
      // Without a free file descriptor a caller is not served, and existing connections continue.
      server.on('error', () => {})
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/**
 * Frees the port, at once if it is already bound. The caller must end the connections; the promise settles
 * when they have ended.
 */
export async function stopListening(server: Server, opening: Promise<unknown> | null): Promise<void> {
  if (!server.listening) await opening?.catch(() => {})
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
}

/** A socket's other end. IPv4 callers of a port that listens on all addresses are named as IPv4. */
export function remoteOf(socket: Socket): { address: string; port: number } {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  return { address, port: socket.remotePort ?? 0 }
}

/**
 * Finds out whether a port is free that will be opened only later.
 * @throws the system's error with `code` (EADDRINUSE), `address` and `port`
 */
export function requirePort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port }, () => server.close(() => resolve()))
  })
}
