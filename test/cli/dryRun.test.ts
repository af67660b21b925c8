import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from './cli.ts'
import { playground } from './fakeCluster.ts'

describe('up --dry-run', () => {
  it('prints the files that up N would write, and writes nothing', async () => {
    using ground = playground()
    const ran = await runCli(['up', '3', '--dry-run', '--set', 'tickTime=500'], { cwd: ground.root })
    expect(ran.code).toBe(0)
    for (const id of [0, 1, 2]) {
      expect(ran.stdout).toContain(`# ${join(ground.root, `.zk-pseudo/conf/zoo-${id}.cfg`)}\n`)
      expect(ran.stdout).toContain(`clientPort=${2180 + id}\n`)
      expect(ran.stdout).toContain(`server.${id}=127.0.0.1:${8000 + id}:${8100 + id}\n`)
    }
    expect(ran.stdout.match(/^tickTime=500$/gm)).toHaveLength(3)
    expect(readdirSync(ground.root)).toEqual([])
  })

  it('takes settings whose keys begin with a digit', async () => {
    using ground = playground()
    const words = ['up', '3', '--dry-run', '--set', '4lw.commands.whitelist=ruok,mntr']
    const ran = await runCli(words, { cwd: ground.root })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain('4lw.commands.whitelist=ruok,mntr\n')
  })

  it('counts observers in addition', async () => {
    using ground = playground()
    const words = ['up', '3', '--observers', '1', '--base-port', '4000', '--dry-run', '--json']
    const { stdout } = await runCli(words, { cwd: ground.root })
    const plan = JSON.parse(stdout)
    expect(plan.members.map((member: { clientPort: number }) => member.clientPort)).toEqual([
      4000, 4001, 4002, 4003,
    ])
    expect(plan.members[3].text).toContain('peerType=observer\n')
  })

  it("prints the user's own files as they are, and the ids it would write", async () => {
    using ground = playground()
    const texts = writeConfigs(ground.root, [3181, 3182, 3183])
    const ran = await runCli(['up', 'conf', '--dry-run'], { cwd: ground.root })
    expect(ran.code).toBe(0)
    for (const text of texts) expect(ran.stdout).toContain(text)
    expect(ran.stderr).toContain(`would write the id 1 into ${join(ground.root, 'data/1/myid')}`)
    expect(existsSync(join(ground.root, 'data'))).toBe(false)
  })

  it('reports all problems at once, with file and line, and exits 2', async () => {
    using ground = playground()
    writeConfigs(ground.root, [3181, 3181, 99_999])
    const ran = await runCli(['up', 'conf', '--dry-run'], { cwd: ground.root })
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(/zoo-2\.cfg:\d+: clientPort 3181 is taken by/)
    expect(ran.stderr).toMatch(/zoo-3\.cfg:\d+: .*99999/)
    expect(ran.stderr).toMatch(/error: nothing was started: the configs have \d+ errors/)
  })

  it('cannot tell automatic ports', async () => {
    const ran = await runCli(['up', '3', '--ports', 'auto', '--dry-run'])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('--dry-run cannot tell the ports of --ports auto')
  })
})

/** `conf/zoo-1.cfg` and so on, a member for each client port. */
function writeConfigs(root: string, clientPorts: number[]): string[] {
  const servers = clientPorts.map((_, i) => `server.${i + 1}=127.0.0.1:${4001 + i}:${5001 + i}`)
  mkdirSync(join(root, 'conf'))
  return clientPorts.map((clientPort, i) => {
    const own = [`dataDir=${root}/data/${i + 1}`, `clientPort=${clientPort}`]
    const text = ['tickTime=2000', 'initLimit=10', 'syncLimit=5', ...own, ...servers].join('\n')
    writeFileSync(join(root, 'conf', `zoo-${i + 1}.cfg`), `${text}\n`)
    return text
  })
}
