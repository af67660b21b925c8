/**
 * From our members to Apache ZooKeeper and back: an ensemble of ours is exported while it is written to,
 * Apache runs the export on three addresses, and localize brings back what Apache has written since.
 */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ZooKeeper } from '../../src/client/zookeeper.ts'
import { mainFile } from '../cli/cli.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { CommandLineCluster } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { runProgram } from '../support/programs.ts'
import { ApacheServers } from './apacheServers.ts'

const HOSTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4']

interface Exported {
  connectString: string
  hosts: { id: number; folder: string; jvmFlags: string[] }[]
}

async function zkPseudo(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(process.execPath, [mainFile, ...words])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** Writes until it is stopped, and remembers what was acknowledged. */
class Writer {
  readonly acknowledged: string[] = []
  #isRunning = true
  readonly #done: Promise<void>

  constructor(client: ZooKeeper) {
    this.#done = this.write(client)
  }

  private async write(client: ZooKeeper): Promise<void> {
    for (let i = 0; this.#isRunning; i++) {
      this.acknowledged.push(await client.create(`/busy/n${i}`, `value ${i}`))
      // Without a pause the tree becomes large, and each of its many snapshots slow.
      await sleep(5)
    }
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#done
  }
}

async function fill(client: ZooKeeper): Promise<void> {
  for (const path of ['/busy', '/plain', '/plain/child', '/gone']) await client.create(path, path)
  for (let i = 0; i < 60; i++) await client.setData('/plain', `version ${i}`)
  await client.delete('/gone')
}

it.for([
  {
    title: 'with JVM options, while it runs',
    set: { 'jute.maxbuffer': '3000000', snapCount: '50' },
    goesDown: false,
  },
  { title: 'reconfigurable, when it is down', set: { reconfigEnabled: 'true' }, goesDown: true },
])(
  'Apache ZooKeeper continues from the export, and our members from what it wrote: $title',
  { timeout: 120_000 },
  async ({ set, goesDown }, context) => {
    needs(context, apacheUnavailable())
    await using cluster = new CommandLineCluster()
    const { connectString } = await cluster.up('3', '--ports', 'auto', ...settings(set))
    const client = await ZooKeeper.connect(connectString)
    await fill(client)
    const writer = new Writer(client)
    await eventually('some writes', () => writer.acknowledged.length >= 100)
    const leave = async () => {
      await writer.stop()
      await client.close()
      await cluster.run('down')
    }
    if (goesDown) await leave()
    const before = [...writer.acknowledged]
    const [run, out] = [join(cluster.dir, 'run'), join(cluster.dir, 'export')]
    const where = ['--dir', join(cluster.dir, 'cluster'), '--out', out]
    const what = ['--hosts', HOSTS.join(','), '--keep-ports', '--data-dir', `${run}/{id}`]
    const exported: Exported = JSON.parse(await zkPseudo('export', ...what, ...where, '--json'))
    if (!goesDown) await leave()

    const isLarge = 'jute.maxbuffer' in set
    const large = Buffer.alloc(isLarge ? 2_000_000 : 2000, 7)
    let names: string[]
    {
      await using apache = new ApacheServers()
      for (const { id, folder, jvmFlags } of exported.hosts) {
        const home = join(run, String(id))
        cpSync(join(out, folder, 'data'), home, { recursive: true })
        apache.start(join(out, folder, 'zoo.cfg'), jvmFlags, home)
      }
      await using there = await apache.client(exported.connectString)
      await expectTree(there, before)
      await there.create('/from-apache', large)
      names = await there.getChildren('/busy')
    }
    // With reconfigEnabled Apache keeps the server list in a separate file, which localize must find.
    const configs = exported.hosts.map(({ folder }) => join(out, folder, 'zoo.cfg'))
    const isElsewhere = readFileSync(configs[0] as string, 'utf8').includes('dynamicConfigFile=')
    expect(isElsewhere).toBe('reconfigEnabled' in set)

    await using back = new CommandLineCluster()
    const local = join(back.dir, 'local')
    const data = exported.hosts.flatMap(({ id }) => ['--data', `${id}=${join(run, String(id))}`])
    await zkPseudo('localize', ...configs, '--out', local, ...data)
    const again = await back.up(local)
    expect(again.members.map(({ id }) => id)).toEqual([0, 1, 2])
    await using here = await ZooKeeper.connect(again.connectString)
    await expectTree(here, before)
    const { data: returned } = await here.getData('/from-apache')
    // toEqual compares Buffers byte by byte, which takes seconds for two megabytes.
    expect(returned !== null && large.equals(returned)).toBe(true)
    expect((await here.getChildren('/busy')).sort()).toEqual(names.sort())
  },
)

function settings(set: object): string[] {
  return Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`])
}

/** Checks that everything from `fill` and every acknowledged write is there. */
async function expectTree(client: ZooKeeper, acknowledged: readonly string[]): Promise<void> {
  const text = async (path: string) => String((await client.getData(path)).data)
  expect(await text('/plain')).toBe('version 59')
  expect(await client.getChildren('/plain')).toEqual(['child'])
  expect(await client.exists('/gone')).toBeNull()
  const names = new Set(await client.getChildren('/busy'))
  expect(acknowledged.filter((path) => !names.has(path.slice('/busy/'.length)))).toEqual([])
  expect(await text(acknowledged.at(-1) as string)).toBe(`value ${acknowledged.length - 1}`)
}
