import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { explainPort, isPortError, listenerOn } from '../../src/cli/takenPort.ts'
import { fakeCluster, playground, three } from './fakeCluster.ts'

/** Listens on a port that the system chose, for as long as `use` runs. */
async function withListener(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  try {
    await use(typeof address === 'object' && address !== null ? address.port : 0)
  } finally {
    await new Promise((closed) => server.close(closed))
  }
}

describe('a taken port', () => {
  it.runIf(process.platform === 'linux')('is told with the process that listens', () =>
    withListener(async (port) => {
      expect(listenerOn(port)?.pid).toBe(process.pid)
      const error = await explainPort({ code: 'EADDRINUSE', port, address: '127.0.0.1' }, [], false)
      expect(error.message).toContain(`port 127.0.0.1:${port} is taken by`)
      expect(error.message).toContain(`(process ${process.pid})`)
      expect(error.hint).toBe(
        `end it: kill ${process.pid}\nor use other ports: --base-port PORT, or --ports auto`,
      )
      expect(error.exitCode).toBe(1)
    }),
  )

  it('is told with the cluster of ours that holds it', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const running = [{ name: 'three', dir: fake.dir, pid: process.pid, condition: 'answers' as const }]
    const error = await explainPort({ code: 'EADDRINUSE', port: 8001 }, running, true)
    expect(error.message).toContain('127.0.0.1:8001 is taken by the running cluster three')
    expect(error.hint).toContain('zk-pseudo down --name three')
    expect(error.hint).toContain('another port in its config file')
  })

  it('nobody listens on is held by nobody', () => {
    expect(listenerOn(1)).toBeNull()
  })

  it('is what Node says of a failed listen', () =>
    withListener(async (port) => {
      const second = createServer()
      const error = await new Promise((resolve) => second.once('error', resolve).listen(port, '127.0.0.1'))
      expect(isPortError(error)).toBe(true)
      expect(isPortError(new Error('EADDRINUSE'))).toBe(false)
      expect(isPortError(null)).toBe(false)
    }))
})
