/** Debian's zkCli: the first commands of every tutorial, then the same znode through every member's port. */
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { allServe, describeEngines, needs } from '../../support/ensembles.ts'
import { runProgram, works } from '../../support/programs.ts'

const places = ['/usr/share/zookeeper/bin/zkCli.sh', '/opt/zookeeper/bin/zkCli.sh']
const zkCli = process.env.ZK_CLI ?? places.find((place) => existsSync(place))
const missing = !zkCli
  ? `zkCli.sh was not found in ${places.join(', ')} (Debian: zookeeper; or set ZK_CLI)`
  : works('java', ['-version'])
    ? undefined
    : 'java is not installed'

describeEngines('zkCli', (start) => {
  it('creates a znode that every member shows with the same zxid', { timeout: 60_000 }, async (context) => {
    needs(context, missing)
    await using ensemble = await start()
    await allServe(ensemble.members)
    const [first] = ensemble.members.map(({ clientPort }) => `127.0.0.1:${clientPort}`)
    const script = 'ls /\ncreate /defg defg\nget -s /defg\nquit\n'
    const session = await runProgram(zkCli as string, ['-server', first as string], { input: script })
    expect(session.stdout).toContain('[zookeeper]')
    expect(session.stdout + session.stderr).toContain('Created /defg')
    const czxid = zxidOf(session.stdout)
    for (const { clientPort } of ensemble.members) {
      const { stdout } = await runProgram(zkCli as string, ['-server', `127.0.0.1:${clientPort}`], {
        input: 'sync /defg\nget -s /defg\nquit\n',
      })
      expect(stdout).toMatch(/^defg$/m)
      expect(zxidOf(stdout)).toBe(czxid)
      expect(stdout).toMatch(/^dataVersion = 0$/m)
    }
  })
})

/** The znode's creation zxid, which must be of an epoch of at least 1. */
function zxidOf(output: string): string {
  const czxid = /^cZxid = (0x[1-9a-f][0-9a-f]{8,})$/m.exec(output)?.[1]
  if (czxid === undefined) throw new Error(`no cZxid in:\n${output}`)
  return czxid
}
