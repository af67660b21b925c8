/** Binding a port and naming who calls, as every listener here does it. */
import type { Server, Socket } from 'node:net'

/**
 * @param port 0 takes a free one
 * @param backlog -1: the system's own
 * @returns the port
 * @throws the system's error with `code` (EADDRINUSE), `address` and `port`
 */
export function listen(server: Server, host: string, port: number, backlog: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, ...(backlog > 0 ? { backlog } : {}) }, () => {
      server.off('error', reject)
      // Out of file descriptors: this caller is not served, and existing connections continue.
      server.on('error', () => {})
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/**
 * Frees the port, at once if it is bound already. Connections are the caller's to end; it settles after them.
 */
export async function stopListening(server: Server, opening: Promise<unknown> | null): Promise<void> {
  if (!server.listening) await opening?.catch(() => {})
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
}

/** IPv4 callers of a port that listens on all addresses are named as IPv4. */
export function remoteOf(socket: Socket): { address: string; port: number } {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  return { address, port: socket.remotePort ?? 0 }
}
