import { describe, expect, it } from 'vitest'
import type { OperationError } from '../../src/cli/errors.ts'
import { type ClusterWish, chooseCluster, type RunningCluster } from '../../src/cli/findCluster.ts'
import { runCli } from './cli.ts'
import { fakeCluster, playground, three } from './fakeCluster.ts'

function running(name: string): RunningCluster {
  const dir = `/home/${name}/.zk-pseudo`
  return { name, dir, socket: `${dir}/control.sock`, pid: 1 }
}

const a = running('a')
const b = running('b')

function refusal(all: RunningCluster[], wish: ClusterWish, env?: string, cwd = '/'): OperationError {
  try {
    chooseCluster(all, wish, env, cwd)
  } catch (error) {
    return error as OperationError
  }
  throw new Error('a cluster was chosen')
}

describe('which cluster a command means', () => {
  it('is the one of --name, before all else', () => {
    expect(chooseCluster([a, b], { name: 'b' }, 'a', '/home/a')).toBe(b)
  })
  it('is the one in --dir: the folder itself or the one that holds it', () => {
    expect(chooseCluster([a, b], { dir: '/home/b/.zk-pseudo' }, 'a', '/')).toBe(b)
    expect(chooseCluster([a, b], { dir: 'b' }, 'a', '/home')).toBe(b)
  })
  it('is the one of ZK_PSEUDO_NAME, even in the folder of another', () => {
    expect(chooseCluster([a, b], {}, 'b', '/home/a')).toBe(b)
  })
  it('is the one started from this folder', () => {
    expect(chooseCluster([a, b], {}, undefined, '/home/b')).toBe(b)
    expect(chooseCluster([a, b], {}, '', '/home/b')).toBe(b)
  })
  it('is the only one that runs', () => {
    expect(chooseCluster([a], {}, undefined, '/')).toBe(a)
  })
  it('is none: then all are listed', () => {
    const error = refusal([a, b], {})
    expect(error.exitCode).toBe(3)
    expect(error.message).toContain('2 clusters are running')
    expect(error.hint).toMatch(/a {5}\/home\/a\/\.zk-pseudo\n *b/)
    expect(error.hint).toContain('--name a')
  })
  it('is none of that name: the nearest is offered', () => {
    const error = refusal([running('three'), running('five')], { name: 'thre' })
    expect(error).toMatchObject({ exitCode: 3, code: 'NO_CLUSTER' })
    expect(error.hint).toContain('did you mean three?')
  })
  it('is not the only other one when a name or folder was given', () => {
    expect(refusal([a], { name: 'zzz' }).exitCode).toBe(3)
    expect(refusal([a], { dir: '/elsewhere' }).exitCode).toBe(3)
    expect(refusal([a], {}, 'zzz').exitCode).toBe(3)
  })
})

describe('with no cluster', () => {
  const needing = [['ps'], ['kill', 'leader'], ['start', '1'], ['logs'], ['events', '-f'], ['connstr']]
  it.each(needing)('%s exits 3 and says how to start one', async (...words) => {
    using ground = playground()
    const ran = await runCli(words, { env: ground.env, cwd: ground.root })
    expect(ran.code).toBe(3)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toBe('error: no cluster is running\n  start one: zk-pseudo up 3 -d\n')
  })
  it('ls and down are content', async () => {
    using ground = playground()
    expect((await runCli(['ls', '--json'], { env: ground.env })).stdout).toBe('[]\n')
    const down = await runCli(['down'], { env: ground.env, cwd: ground.root })
    expect(down).toMatchObject({ code: 0, stdout: 'nothing is running\n' })
  })
})

describe('with two clusters', () => {
  it('a command lists them, and --name, ZK_PSEUDO_NAME and the folder choose', async () => {
    using ground = playground()
    await using one = await fakeCluster(ground, { cluster: three('one') })
    await using two = await fakeCluster(ground, { cluster: three('two') })
    const lost = await runCli(['ps'], { env: ground.env })
    expect(lost.code).toBe(3)
    expect(lost.stderr).toContain(one.dir)
    expect(lost.stderr).toContain(two.dir)
    const named = async (words: string[], options: object): Promise<unknown> =>
      JSON.parse((await runCli([...words, '--json'], { env: ground.env, ...options })).stdout).name
    expect(await named(['ps', '--name', 'two'], {})).toBe('two')
    expect(await named(['ps', '--dir', one.dir], {})).toBe('one')
    expect(await named(['ps'], { env: { ...ground.env, ZK_PSEUDO_NAME: 'two' } })).toBe('two')
    expect(await named(['ps'], { cwd: one.dir.replace('/.zk-pseudo', '') })).toBe('one')
  })
  it('ls shows both, and one that does not answer', async () => {
    using ground = playground()
    await using one = await fakeCluster(ground, { cluster: three('one') })
    {
      await using _two = await fakeCluster(ground, { cluster: three('two') })
    }
    const { stdout, code } = await runCli(['ls'], { env: ground.env })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^one +3\/3 +2 +3 /m)
    expect(stdout).toMatch(/^two +no answer/m)
    const rows = JSON.parse((await runCli(['ls', '--json'], { env: ground.env })).stdout)
    expect(rows).toMatchObject([
      { name: 'one', dir: one.dir, quorum: true, leader: 2, epoch: 3, running: 3, members: 3 },
      { name: 'two', quorum: null, connectString: null },
    ])
  })
})
