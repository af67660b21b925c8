import { connect, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { explainPort, isPortTrouble } from '../../src/control/takenPort.ts'
import { portOwner } from '../../src/supervisor/ports/portOwner.ts'
import { fakeCluster, playground, three } from '../cli/fakeCluster.ts'

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
      expect(portOwner(port)?.process?.pid).toBe(process.pid)
      const error = await explainPort(
        { code: 'EADDRINUSE', port, address: '127.0.0.1' },
        [],
        'use other ports: --ports auto',
      )
      expect(error.message).toContain(`port 127.0.0.1:${port} is taken by`)
      expect(error.message).toContain(`(process ${process.pid})`)
      expect(error.hint).toBe(`end it: kill ${process.pid}\nor use other ports: --ports auto`)
      expect(error).toMatchObject({ exitCode: 1, address: '127.0.0.1', port })
    }),
  )

  it.runIf(process.platform === 'linux')('is told as the outgoing connection that it is', () =>
    withListener(async (server) => {
      const client = connect(server, '127.0.0.1')
      await new Promise((connected) => client.once('connect', connected))
      const port = client.localPort as number
      const error = await explainPort({ code: 'EADDRINUSE', port }, [], 'use other ports: --ports auto')
      expect(error.message).toMatch(
        new RegExp(
          `is taken by an outgoing connection of .* \\(process ${process.pid}\\) to 127.0.0.1:${server}$`,
        ),
      )
      expect(error.hint).toContain('try again later\nor use other ports')
      client.destroy()
    }),
  )

  it('is told with the cluster of ours that holds it', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const running = [{ name: 'three', dir: fake.dir }]
    const error = await explainPort({ code: 'EADDRINUSE', port: 8001 }, running, 'give it another port')
    expect(error.message).toContain('127.0.0.1:8001 is taken by the running cluster three')
    expect(error.hint).toContain('zk-pseudo down --name three')
    expect(error.hint).toContain('or give it another port')
  })

  it('nobody listens on is held by nobody', () => {
    expect(portOwner(1)).toBeNull()
  })

  it('is what Node says of a failed listen', () =>
    withListener(async (port) => {
      const second = createServer()
      const error = await new Promise((resolve) => second.once('error', resolve).listen(port, '127.0.0.1'))
      expect(isPortTrouble(error)).toBe(true)
      expect(isPortTrouble(new Error('EADDRINUSE'))).toBe(false)
      expect(isPortTrouble(null)).toBe(false)
    }))
})
