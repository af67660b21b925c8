/**
 * Real clusters, by the command line: whatever the registry knows, a command means the cluster of its folder.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lives } from '../support/commandLine.ts'
import { eventually } from '../support/eventually.ts'
import { unwrapped } from '../support/unwrapped.ts'
import { mainFile, type Ran, type RunOptions, runCli } from './cli.ts'
import { type Playground, playground } from './fakeCluster.ts'

const UP = ['up', '1', '-d', '--ports', 'auto']

let ground: Playground
let pids: number[]
beforeEach(() => {
  ground = playground()
  pids = []
})
afterEach(() => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  ground[Symbol.dispose]()
})

function project(name: string): string {
  mkdirSync(join(ground.root, name), { recursive: true })
  return join(ground.root, name)
}

function cli(cwd: string, words: string[], env: RunOptions['env'] = {}): Promise<Ran> {
  return runCli(words, { cwd, env: { ...ground.env, ...env } })
}

/** Answers the supervisor's pid. */
async function up(cwd: string, ...words: string[]): Promise<number> {
  const { code, stdout, stderr } = await cli(cwd, [...UP, ...words, '--json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { supervisorPid } = JSON.parse(stdout)
  pids.push(supervisorPid)
  return supervisorPid
}

const json = (ran: Ran) => JSON.parse(ran.stdout)

describe('down --volumes', () => {
  it.each([
    ['by a symbolic link', {}, false],
    ['with another XDG_RUNTIME_DIR', { XDG_RUNTIME_DIR: '/proc/nonexist' }, false],
    ['with another TMPDIR', { XDG_RUNTIME_DIR: '', TMPDIR: '/nonexist' }, false],
    ['after the registry was swept', {}, true],
  ])('ends a running cluster before it removes its files, %s', async (_how, env, isSwept) => {
    const real = project('real')
    symlinkSync('real', join(ground.root, 'link'))
    const pid = await up(real)
    if (isSwept) rmSync(join(ground.root, 'zk-pseudo'), { recursive: true })
    const ran = await cli(ground.root, ['down', '-v', '--dir', 'link/.zk-pseudo', '--json'], env)
    expect(ran.code).toBe(0)
    expect(json(ran)).toMatchObject({ name: 'real', members: [0] })
    expect(lives(pid)).toBe(false)
    expect(readdirSync(real)).toEqual([])
  })

  it('of one name leaves the others alone', async () => {
    const folder = project('many')
    await up(folder)
    await up(folder, '--name', 'test')
    expect(json(await cli(folder, ['ps', '--json'])).name).toBe('many')
    expect(json(await cli(folder, ['ps', '--json', '--name', 'test'])).name).toBe('test')
    await cli(folder, ['down', '-v', '--name', 'test'])
    expect(json(await cli(folder, ['ps', '--json']))).toMatchObject({ name: 'many', quorum: true })
    // Once more: neither another name's nor the project's own is meant by it.
    expect(json(await cli(folder, ['down', '-v', '--name', 'test', '--json']))).toEqual({
      name: null,
      members: [],
      removed: [],
      kept: [],
    })
    expect(json(await cli(folder, ['ps', '--json'])).quorum).toBe(true)
    await cli(folder, ['down', '-v'])
    expect(readdirSync(folder)).toEqual([])
  })

  it('of the project leaves its named clusters alone', async () => {
    const folder = project('other')
    await up(folder, '--name', 'test')
    await up(folder)
    await cli(folder, ['down'])
    expect(json(await cli(folder, ['down', '-v', '--json']))).toMatchObject({ name: null, members: [] })
    expect(json(await cli(folder, ['ps', '--json']))).toMatchObject({ name: 'test', quorum: true })
    await cli(folder, ['down', '-v'])
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a name', () => {
  it('is refused for a folder that belongs to another, running or down', async () => {
    const folder = project('owned')
    await up(folder, '--dir', 'c', '--name', 'dev')
    await cli(folder, ['down', '--dir', 'c'])
    const ran = await cli(folder, [...UP, '--dir', 'c', '--name', 'test'])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/belongs to the cluster dev, not to test/)
    for (const name of ['a/b', '..', '', 'x'.repeat(65)]) {
      expect((await cli(folder, [...UP, '--name', name])).code).toBe(2)
    }
    expect(readdirSync(folder)).toEqual(['c'])
  })
})

describe('commands in a folder without a cluster', () => {
  it('never act on another folder’s; those that only read say whose it is', async () => {
    const [there, here] = [project('there'), project('here')]
    await up(there)
    for (const words of [['kill', 'leader'], ['connstr'], ['stop', 'all'], ['handover', '--to', 'apache']]) {
      const { code, stdout, stderr } = await cli(here, words)
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
      expect(stderr).toContain('--name there')
    }
    for (const words of [['down'], ['down', '-v'], ['down', '-v']])
      expect((await cli(here, words)).code).toBe(0)
    for (const words of [['ps', '--json'], ['logs'], ['events']]) {
      const { code, stderr } = await cli(here, words)
      expect(code).toBe(0)
      expect(unwrapped(stderr)).toBe(
        `no cluster of this folder is running; this is there of ${there}/.zk-pseudo\n`,
      )
    }
    expect(json(await cli(there, ['ps', '--json'])).quorum).toBe(true)
  })
})

describe('up -d', () => {
  it('at once twice starts one cluster, and both commands say so', async () => {
    const folder = project('twice')
    const ran = await Promise.all([cli(folder, [...UP, '--json']), cli(folder, [...UP, '--json'])])
    const documents = ran.map(json)
    pids.push(...documents.map(({ supervisorPid }) => supervisorPid))
    expect(ran.map(({ code }) => code)).toEqual([0, 0])
    expect(new Set(pids).size).toBe(1)
    const notes = ran.map(({ stderr }) => stderr).join('')
    expect(notes).toBe(`twice already runs (supervisor ${pids[0]}, ${folder}/.zk-pseudo)\n`)
  })

  it('waits no longer than --wait-timeout for the background process', async () => {
    const folder = project('slow')
    const ran = await cli(folder, [...UP, '--wait-timeout', '0'])
    const pid = Number(/kill (\d+)/.exec(ran.stderr)?.[1])
    pids.push(pid)
    expect(ran.code).toBe(4)
    expect(ran.stderr).toMatch(/supervisor\.out/)
  })

  it('starts again where the folder was removed under a cluster', async () => {
    const folder = project('again')
    const first = await up(folder)
    rmSync(join(folder, '.zk-pseudo'), { recursive: true })
    const second = await up(folder)
    expect(second).not.toBe(first)
    await eventually('the first to end', () => !lives(first))
  })
})

describe('a supervisor that is stopped', () => {
  it('is named by every command, with how to let it go on', async () => {
    const folder = project('frozen')
    const pid = await up(folder)
    process.kill(pid, 'SIGSTOP')
    const asked = [
      ['ps'],
      ['kill', '0'],
      ['down'],
      ['down', '-v'],
      ['up', '-d'],
      ['events', '-f'],
      ['connstr'],
    ]
    for (const words of asked) {
      const begun = performance.now()
      const { code, stderr } = await cli(folder, words)
      expect(code).toBe(1)
      expect(stderr).toContain(`(process ${pid}) is stopped`)
      expect(stderr).toContain(`kill -CONT ${pid}`)
      expect(performance.now() - begun).toBeLessThan(5000)
    }
    process.kill(pid, 'SIGCONT')
    expect(json(await cli(folder, ['ps', '--json'])).quorum).toBe(true)
  })
})

const asStranger = ['--reuid', '12345', '--regid', '12345', '--clear-groups']
const isPermitted = spawnSync('setpriv', [...asStranger, 'true']).status === 0

describe.skipIf(!isPermitted)('another user, without an entry in the table of users', () => {
  function stranger(cwd: string, words: string[]): Ran {
    const command = [...asStranger, process.execPath, mainFile, ...words]
    const env = { PATH: process.env.PATH ?? '', TMPDIR: ground.root }
    const { status, stdout, stderr } = spawnSync('setpriv', command, { cwd, env, encoding: 'utf8' })
    return { code: status, stdout, stderr }
  }

  it('is told whose cluster it is', async () => {
    chmodSync(ground.root, 0o755)
    const folder = project('mine')
    const pid = await up(folder)
    for (const words of [
      ['ps'],
      ['kill', '0'],
      ['down'],
      ['down', '-v'],
      ['up', '1', '-d'],
      ['logs'],
      ['connstr'],
    ]) {
      const { code, stderr } = stranger(folder, words)
      expect(code).toBe(1)
      expect(unwrapped(stderr)).toContain(
        `the cluster in ${folder}/.zk-pseudo belongs to another user (uid 0)`,
      )
    }
    expect(existsSync(`/proc/${pid}`)).toBe(true)
  })

  it('starts and ends a cluster of its own', () => {
    chmodSync(ground.root, 0o755)
    const folder = project('theirs')
    chmodSync(folder, 0o777)
    const ran = stranger(folder, [...UP, '--json'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    pids.push(json(ran).supervisorPid)
    expect(stranger(folder, ['down', '-v']).code).toBe(0)
    expect(readdirSync(folder)).toEqual([])
  })
})
