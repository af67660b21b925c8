/** A process that claims one port as PortClaims does on Linux, tells it, and holds it until it is ended. */
import { createServer } from 'node:net'

const port = 10_000 + Math.floor(Math.random() * 20_000)
createServer().listen({ path: `\0zk-pseudo-port-${port}` }, () => process.send(port))
process.on('disconnect', () => process.exit(0))
