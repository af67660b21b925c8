/**
 * One zoo.cfg of three hosts, localized, run by our members and by Apache ZooKeeper in turn, on the same
 * data.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ZooKeeper } from '../../src/client/zookeeper.ts'
import { mainFile } from '../cli/cli.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { CommandLineCluster } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { claimPorts, isFree, releasePorts } from '../support/ports.ts'
import { runProgram } from '../support/programs.ts'
import { ApacheServers } from './apacheServers.ts'

interface Localized {
  members: {
    id: number
    role: string
    file: string
    clientPort: number
    quorumPort: number
    electionPort: number
  }[]
}

function config([client = 0, quorum = 0, election = 0]: readonly number[]): string {
  const line = (id: number, role: string) =>
    `server.${id}=zk${id}.example.com:${quorum}:${election}:${role};${client}`
  return [
    'tickTime=500',
    'initLimit=20',
    'syncLimit=10   # ticks',
    'dataDir=/var/lib/zookeeper',
    'dataLogDir=/var/lib/zookeeper-log',
    'maxClientCnxns=0',
    '4lw.commands.whitelist=*',
    'datadir.autocreate=false',
    'quorumListenOnAllIPs=true',
    'standaloneEnabled=false',
    line(10, 'participant'),
    line(20, 'participant'),
    line(30, 'participant'),
    line(40, 'observer'),
    '',
  ].join('\n')
}

/** Localizes with a first port from which all the ports that it counts up to are free. */
async function localizeOn(dir: string, out: string): Promise<{ localized: Localized; release: () => void }> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const claimed = await claimPorts(3)
    writeFileSync(join(dir, 'zoo.cfg'), config(claimed))
    const words = ['localize', join(dir, 'zoo.cfg'), '--out', out, '--force', '--json']
    const ran = await runProgram(process.execPath, [mainFile, ...words])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const localized: Localized = JSON.parse(ran.stdout)
    const ports = localized.members.flatMap((member) => [
      member.clientPort,
      member.quorumPort,
      member.electionPort,
    ])
    const free = await Promise.all(ports.map((port) => isFree(port)))
    if (free.every(Boolean)) return { localized, release: () => releasePorts(claimed) }
    releasePorts(claimed)
  }
  throw new Error('no ports in a row are free')
}

it('both engines run what localize made from the config of four hosts', {
  timeout: 120_000,
}, async (context) => {
  needs(context, apacheUnavailable())
  await using cluster = new CommandLineCluster()
  const local = join(cluster.dir, 'local')
  const { localized, release } = await localizeOn(cluster.dir, local)
  context.onTestFinished(release)
  expect(localized.members.map(({ id, role }) => [id, role])).toEqual([
    [10, 'participant'],
    [20, 'participant'],
    [30, 'participant'],
    [40, 'observer'],
  ])

  const { connectString, members } = await cluster.up(local)
  expect(members.map(({ id, role }) => [id, role === 'observer'])).toEqual([
    [10, false],
    [20, false],
    [30, false],
    [40, true],
  ])
  const ours = await ZooKeeper.connect(connectString)
  await ours.create('/ours', 'written by zk-pseudo')
  await ours.close()
  await cluster.run('down')

  {
    await using apache = new ApacheServers()
    for (const { file } of localized.members) apache.start(file, [], cluster.dir)
    await using theirs = await apache.client(connectString)
    expect(String((await theirs.getData('/ours')).data)).toBe('written by zk-pseudo')
    await theirs.create('/theirs', 'written by Apache')
    for (const { clientPort } of localized.members) {
      await using each = await apache.client(`127.0.0.1:${clientPort}`)
      await each.sync('/')
      expect(String((await each.getData('/theirs')).data)).toBe('written by Apache')
    }
  }

  const again = await cluster.up(local)
  await using back = await ZooKeeper.connect(again.connectString)
  expect(String((await back.getData('/theirs')).data)).toBe('written by Apache')
})
