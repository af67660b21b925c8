import { describe, expect, it } from 'vitest'
import type { OperationError } from '../../src/cli/errors.ts'
import {
  type ClusterWish,
  chooseCluster,
  type Place,
  type RunningCluster,
} from '../../src/cli/findCluster.ts'
import { runCli } from './cli.ts'
import { fakeCluster, playground, three } from './fakeCluster.ts'

function running(name: string, dir = `/home/${name}/.zk-pseudo`): RunningCluster {
  return { name, dir, pid: 1, condition: 'answers' }
}

const a = running('a')
const b = running('b')
const at = (cwd: string, envName?: string) => ({ cwd, envName })

function refusal(
  all: RunningCluster[],
  wish: ClusterWish,
  place: Place = at('/'),
  onFallBack?: () => void,
): OperationError {
  try {
    chooseCluster(all, wish, place, onFallBack)
  } catch (error) {
    return error as OperationError
  }
  throw new Error('a cluster was chosen')
}

describe('which cluster a command means', () => {
  it('is the one of --name, before that of ZK_PSEUDO_NAME and of the folder', () => {
    expect(chooseCluster([a, b], { name: 'b' }, at('/home/a', 'a'))).toBe(b)
  })
  it('is the one in --dir: the folder itself or the one that holds it', () => {
    expect(chooseCluster([a, b], { dir: '/home/b/.zk-pseudo' }, at('/', 'a'))).toBe(b)
    expect(chooseCluster([a, b], { dir: 'b' }, at('/home', 'a'))).toBe(b)
  })
  it('is the one in --dir only if it has the name of --name', () => {
    const named = running('x', '/home/b/.zk-pseudo/names/x')
    expect(chooseCluster([b, named], { dir: '/home/b', name: 'x' }, at('/'))).toBe(named)
    expect(refusal([a, b], { dir: '/home/b', name: 'a' })).toMatchObject({ code: 'NO_CLUSTER', exitCode: 3 })
  })
  it('is the one of ZK_PSEUDO_NAME, even in the folder of another', () => {
    expect(chooseCluster([a, b], {}, at('/home/a', 'b'))).toBe(b)
  })
  it('is the one started from this folder', () => {
    expect(chooseCluster([a, b], {}, at('/home/b'))).toBe(b)
    expect(chooseCluster([a, b], {}, at('/home/b', ''))).toBe(b)
  })
  it('is the folder’s one without a name, or else its only one with a name', () => {
    const [x, y] = [running('x', '/home/b/.zk-pseudo/names/x'), running('y', '/home/b/.zk-pseudo/names/y')]
    expect(chooseCluster([a, x, b, y], {}, at('/home/b'))).toBe(b)
    expect(chooseCluster([a, x], {}, at('/home/b'))).toBe(x)
    expect(refusal([a, x, y], {}, at('/home/b'))).toMatchObject({ code: 'WHICH_CLUSTER', exitCode: 3 })
  })
  it('is this folder’s of that name, though another folder has one, too', () => {
    const here = running('x', '/home/b/.zk-pseudo/names/x')
    const there = running('x', '/home/c/.zk-pseudo/names/x')
    expect(chooseCluster([there, here], { name: 'x' }, at('/home/b'))).toBe(here)
    expect(refusal([there, here], { name: 'x' }, at('/home/d')).code).toBe('WHICH_CLUSTER')
  })
  it('is never another folder’s, unless the command only reads and it is the only one', () => {
    const error = refusal([a], {}, at('/home/b'))
    expect(error).toMatchObject({ code: 'NO_CLUSTER', exitCode: 3 })
    expect(error.hint).toContain('/home/a/.zk-pseudo')
    expect(error.hint).toContain('--name a')
    const told: string[] = []
    expect(chooseCluster([a], {}, at('/home/b'), ({ name }) => told.push(name))).toBe(a)
    expect(told).toEqual(['a'])
  })
  it('is none: then all are listed', () => {
    const error = refusal([a, b], {}, at('/'), () => {})
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
    const fallBack = () => {}
    expect(refusal([a], { name: 'zzz' }, at('/'), fallBack).exitCode).toBe(3)
    expect(refusal([a], { dir: '/elsewhere' }, at('/'), fallBack).exitCode).toBe(3)
    expect(refusal([a], {}, at('/', 'zzz'), fallBack).exitCode).toBe(3)
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
