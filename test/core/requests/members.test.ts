/**
 * Kinds of nodes and quotas through whole members: sockets, followers, SNAP, restarts, and zkCli's own
 * commands.
 */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apacheUnavailable } from '../../support/apache.ts'
import { allServe, describeEngines, leaderOf, needs, type TestMember } from '../../support/ensembles.ts'
import { eventually } from '../../support/eventually.ts'
import { runProgram } from '../../support/programs.ts'
import {
  type Ask,
  converse,
  create,
  createContainer,
  createTtl,
  exists,
  getData,
  multi,
  multiRead,
  raw,
  remove,
  say,
} from './conversation.ts'
import { SocketServer } from './socketServer.ts'

/** What a member answers, one by one. */
async function ask({ clientPort }: TestMember, ...asks: Ask[]): Promise<string[]> {
  using server = new SocketServer(clientPort)
  const said = await converse(
    server,
    asks.map((asked) => say('a', asked)),
  )
  return said.filter((line) => line.startsWith('a < ')).map((line) => line.replace(/^a < \d+ zxid \d+ /, ''))
}

async function gone(member: TestMember, ...paths: string[]): Promise<void> {
  await eventually(`${paths} to be gone`, async () => {
    const errors = errorsOf(await ask(member, ...paths.map((path) => exists(path))))
    return errors.every((err) => err === -101) || null
  })
}

const errorsOf = (answers: string[]) => answers.map((answer) => Number(/^err (-?\d+)/.exec(answer)?.[1]))

const LONG = { timeout: 60_000 }

describeEngines('an ensemble', (start, engine) => {
  const set = {
    extendedTypesEnabled: 'true',
    enforceQuota: 'true',
    // Apache takes these of the JVM only: there nothing is deleted within this test.
    ...(engine === 'apache' ? {} : { 'znode.container.checkIntervalMs': '200' }),
  }

  test('makes every kind of node through every member', LONG, async () => {
    await using ensemble = await start({ set })
    await leaderOf(ensemble)
    await allServe(ensemble.members)
    for (const member of ensemble.members) {
      const of = (name: string) => `/${name}${member.id}`
      const answers = await ask(
        member,
        createContainer(of('container')),
        createTtl(of('ttl'), 3_600_000),
        multi(createContainer(of('c')), createTtl(of('t'), 3_600_000), create(of('plain'))),
        raw(20, Buffer.from(of('container')).toString('hex')),
        multiRead(getData(of('plain')), getData('/none')),
        create(`${of('container')}/x`),
        createTtl(of('bad'), 0),
      )
      expect(errorsOf(answers)).toEqual([0, 0, 0, -8, 0, 0, -8])
    }
  })

  test('enforces quotas wherever the client is', LONG, async () => {
    await using ensemble = await start({ set })
    await leaderOf(ensemble)
    await allServe(ensemble.members)
    const [first, ...others] = ensemble.members as [TestMember, ...TestMember[]]
    await ask(
      first,
      create('/q'),
      create('/zookeeper/quota/q'),
      create('/zookeeper/quota/q/zookeeper_limits', 'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2'),
      create('/zookeeper/quota/q/zookeeper_stats', ''),
      create('/q/a'),
    )
    for (const member of others) expect(errorsOf(await ask(member, create('/q/b')))).toEqual([-125])
    for (const member of ensemble.members) {
      const stats = await eventually('the same statistics', async () => {
        const [answer] = await ask(member, getData('/zookeeper/quota/q/zookeeper_stats'))
        return answer?.includes('count=2,') ? answer : null
      })
      expect(stats).toContain('bytes=0')
    }
  })

  test.skipIf(engine === 'apache')(
    'deletes containers and TTL nodes, behind a fail-over, too',
    LONG,
    async () => {
      await using ensemble = await start({ set })
      const leader = await leaderOf(ensemble)
      await allServe(ensemble.members)
      const follower = ensemble.members.find(({ id }) => id !== leader.id) as TestMember
      await ask(
        follower,
        createContainer('/a'),
        create('/a/x'),
        createContainer('/b'),
        create('/b/x'),
        createTtl('/ttl', 300),
        createTtl('/kept', 3_600_000),
      )
      await gone(follower, '/ttl')
      await ask(follower, remove('/a/x'))
      await gone(follower, '/a')
      await ensemble.kill(leader.id)
      await leaderOf({ ...ensemble, members: ensemble.members.filter(({ id }) => id !== leader.id) })
      await allServe([follower])
      await ask(follower, remove('/b/x'))
      await gone(follower, '/b')
      await ensemble.start(leader.id)
      await allServe([leader])
      expect(errorsOf(await ask(leader, exists('/a'), exists('/b'), exists('/kept')))).toEqual([
        -101, -101, 0,
      ])
    },
  )
})

const zkCli = ['/usr/share/zookeeper/bin/zkCli.sh', '/opt/zookeeper/bin/zkCli.sh'].find((place) =>
  existsSync(place),
)
const COMMANDS = [
  'create /q four',
  'create /q/a x',
  'listquota /q',
  'setquota -n 2 /q',
  'listquota /q',
  'setquota -b 9 /q',
  'setquota -N 3 /q',
  'setquota -B 20 /q',
  'listquota /q',
  'setquota -n 1 /q/a',
  'setquota -n 0 /q',
  'create /q/b y',
  'create /q/c z',
  'set /q/a 01234567890123456789',
  'setquota -n 1 /none',
  'setquota -N 1 /',
  'setquota -N 1 /zookeeper/quota',
  'listquota /q',
  'delquota -N /q',
  'listquota /q',
  'create /q/c z',
  'delquota /q',
  'listquota /q',
  'delquota /q',
  'ls -R /zookeeper',
  'create -c /container',
  'create -t 1000 /ttl',
  'create -s -t 1000 /ttl',
  'create -e -t 1000 /ttl',
  'create -c -e /no',
  'stat /container',
  'quit',
]

describeEngines('zkCli', (start) => {
  test('says what it says to Apache ZooKeeper', { timeout: 120_000 }, async (context) => {
    needs(context, zkCli === undefined ? 'zkCli.sh was not found' : apacheUnavailable())
    const { ApacheEnsemble } = await import('../../support/apache.ts')
    const set = { enforceQuota: 'true' }
    await using apache = await ApacheEnsemble.start({ members: 1, set })
    await apache.waitForLeader()
    await using ours = await start({ set })
    await leaderOf(ours)
    const said = []
    for (const { clientPort } of [apache.members[0], ours.members[0]] as TestMember[]) {
      const { stdout, stderr } = await runProgram(zkCli as string, ['-server', `127.0.0.1:${clientPort}`], {
        input: `${COMMANDS.join('\n')}\n`,
      })
      said.push([spoken(stdout), spoken(stderr)])
    }
    expect(said[1]).toEqual(said[0])
    expect(said[0]?.flat().join('\n')).toContain(
      'Output quota for /q count=2,bytes=9=;byteHardLimit=20;countHardLimit=3',
    )
  })
})

/** What zkCli tells itself as it ends, if its event thread comes to it before the JVM is gone. */
const PARTING = '\nWATCHER::\n\nWatchedEvent state:Closed type:None path:null\n'

/** Without what differs from run to run. */
function spoken(text: string): string[] {
  const parted = text
    .replace(PARTING, '')
    .replace(/\nWATCHER::\s*$/, '')
    .trimEnd()
  const lines = parted.split('\n').filter((line) => !/INFO|DEBUG|WARN|SLF4J|Time = |^[cm]time = /.test(line))
  return lines.map((line) => line.replace(/127\.0\.0\.1:\d+|localhost:\d+|0x[0-9a-f]+/g, '*'))
}
