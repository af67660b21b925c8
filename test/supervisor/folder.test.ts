/**
 * A cluster's folder says whether it runs: it is taken by one supervisor at a time, however it is reached.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { canonicalPath } from '../../src/supervisor/folder/canonicalPath.ts'
import { FolderClaim } from '../../src/supervisor/folder/folderClaim.ts'
import { knownClusters, presenceIn } from '../../src/supervisor/folder/presence.ts'
import { fateOf, identityOf } from '../../src/supervisor/folder/processes.ts'
import { readState, saveState } from '../../src/supervisor/folder/supervisorState.ts'
import { lives } from '../support/commandLine.ts'
import { eventually } from '../support/eventually.ts'

interface Told {
  pid?: number
  dir?: string
  code?: string
  message?: string
  reason?: string | null
}

let root: string
let children: ChildProcess[]
beforeEach(() => {
  root = canonicalPath(mkdtempSync(join(tmpdir(), 'zkp-folder-')))
  children = []
})
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  rmSync(root, { recursive: true, force: true })
})

function contender(dir: string, env: Record<string, string> = {}): ChildProcess {
  const child = fork(new URL('./folderProcess.mjs', import.meta.url), [dir], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  children.push(child)
  return child
}

async function told(child: ChildProcess): Promise<Told> {
  const [message] = (await once(child, 'message')) as [Told]
  return message
}

describe('a folder', () => {
  it('is taken by exactly one of two processes, and the other hears who has it', async () => {
    const dir = join(root, 'one')
    const both = [contender(dir), contender(dir)]
    const [a, b] = (await Promise.all(both.map(told))) as [Told, Told]
    const [winner, loser] = a.pid === undefined ? [b, a] : [a, b]
    expect(winner.dir).toBe(dir)
    expect(loser).toEqual({
      code: 'ALREADY_RUNNING',
      message: `one runs in ${dir} (process ${winner.pid})`,
    })
    expect(await presenceIn(dir)).toEqual({ name: 'one', dir, pid: winner.pid, condition: 'answers' })
  })

  it('is the same by whatever path it is reached', async () => {
    mkdirSync(join(root, 'real'))
    symlinkSync('real', join(root, 'link'))
    await using _ensemble = await Ensemble.start({ members: 1, dir: join(root, 'link', 'c') })
    const other = await Ensemble.start({ members: 1, dir: join(root, 'real', 'c') }).catch((error) => error)
    expect(other).toMatchObject({ code: 'ALREADY_RUNNING', exitCode: 1 })
    const attached = await Ensemble.connect(join(root, 'link', 'c'))
    expect(attached.dir).toBe(join(root, 'real', 'c'))
  })

  it('that is too long for the path of a socket is a folder like others', async () => {
    const dir = join(root, 'long'.repeat(40), 'deep'.repeat(20))
    const ensemble = await Ensemble.start({ members: 1, dir })
    expect((await (await Ensemble.connect(dir)).status()).quorum).toBe(true)
    expect(readdirSync(dir)).toContain('control.sock')
    await ensemble.close()
    expect(readdirSync(dir)).not.toContain('control.sock')
    expect(await presenceIn(dir)).toBeNull()
  })

  it('that is removed ends its ensemble, which says so', async () => {
    const dir = join(root, 'gone')
    const ensemble = await Ensemble.start({ members: 1, dir, isolation: 'process' })
    const pid = (await ensemble.status()).members[0]?.pid as number
    rmSync(dir, { recursive: true, force: true })
    expect(await presenceIn(dir)).toMatchObject({ name: 'gone', pid: process.pid, condition: 'removed' })
    expect(await ensemble.ended).toContain(`${dir} was removed`)
    expect(lives(pid)).toBe(false)
    expect(existsSync(dir)).toBe(false)
    // And the path is free again.
    await using again = await Ensemble.start({ members: 1, dir })
    expect((await again.status()).quorum).toBe(true)
  })

  it('of a supervisor that was killed is free at once', async () => {
    const dir = join(root, 'killed')
    const first = contender(dir)
    await told(first)
    first.kill('SIGKILL')
    await once(first, 'exit')
    expect(await presenceIn(dir)).toBeNull()
    await using _next = await Ensemble.start({ members: 1, dir })
  })

  it('belongs to one name', async () => {
    const dir = join(root, 'named')
    await (await Ensemble.start({ members: 1, dir, name: 'dev' })).close()
    const before = readdirSync(dir)
    await expect(Ensemble.start({ members: 1, dir, name: 'test' })).rejects.toMatchObject({
      code: 'DIR_IN_USE',
      message: `${dir} belongs to the cluster dev, not to test`,
    })
    expect(readdirSync(dir)).toEqual(before)
    await expect(Ensemble.start({ members: 1, name: '../x' })).rejects.toMatchObject({ exitCode: 2 })
  })

  it('that was removed and made anew is another one', async () => {
    const dir = join(root, 'anew')
    const claim = await FolderClaim.take(dir)
    writeFileSync(join(dir, 'cluster.json'), '{}')
    expect(claim.isHere).toBe(true)
    rmSync(dir, { recursive: true })
    mkdirSync(dir)
    writeFileSync(join(dir, 'cluster.json'), '{}')
    expect(claim.isHere).toBe(false)
    claim.release()
    ;(await FolderClaim.take(dir)).release()
  })
})

describe('a process', () => {
  it('is judged only in its own pid namespace and boot', () => {
    const own = identityOf(process.pid)
    expect(fateOf(own)).toBe('alive')
    expect(fateOf({ ...own, startTime: 'another' })).toBe('gone')
    expect(fateOf({ ...own, pidScope: 'pid:[1] another' })).toBe('unknown')
  })

  it('of another namespace is not ended by the next supervisor', async () => {
    const dir = join(root, 'foreign')
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' })
    children.push(bystander)
    const pid = bystander.pid as number
    mkdirSync(dir)
    const foreign = { ...identityOf(pid), pidScope: 'pid:[1] another' }
    saveState(dir, { ...foreign, name: 'foreign', connectString: '', members: [foreign] })
    await (await Ensemble.start({ members: 1, dir })).close()
    expect(lives(pid)).toBe(true)
  })

  it('that has the pid of a supervisor that is gone is left alone', async () => {
    const dir = join(root, 'reused')
    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' })
    children.push(bystander)
    const stranger = { ...identityOf(bystander.pid as number), startTime: '1' }
    mkdirSync(dir)
    saveState(dir, { ...stranger, name: 'reused', connectString: '', members: [stranger] })
    expect(await presenceIn(dir)).toBeNull()
    await (await Ensemble.start({ members: 1, dir })).close()
    expect(lives(stranger.pid)).toBe(true)
  })
})

describe('the registry', () => {
  const before = process.env.XDG_RUNTIME_DIR
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR
    else process.env.XDG_RUNTIME_DIR = before
  })

  it.each(['/proc/nonexist', '/nonexist', '/proc'])(
    'that cannot be kept in %s keeps nobody from starting',
    async (place) => {
      process.env.XDG_RUNTIME_DIR = place
      await using ensemble = await Ensemble.start({ members: 1, dir: join(root, 'c') })
      expect((await (await Ensemble.connect(ensemble.dir)).status()).quorum).toBe(true)
    },
  )

  it('gets its entry back when a cleaner has taken it', async () => {
    process.env.XDG_RUNTIME_DIR = root
    await using ensemble = await Ensemble.start({ members: 1, dir: join(root, 'c'), name: 'swept' })
    const [entry = ''] = readdirSync(join(root, 'zk-pseudo'))
    rmSync(join(root, 'zk-pseudo', entry))
    expect(await knownClusters()).toEqual([])
    await eventually('the entry', () => existsSync(join(root, 'zk-pseudo', entry)))
    expect((await Ensemble.connect('swept')).dir).toBe(ensemble.dir)
  })

  it('loses only entries of clusters that are surely over', async () => {
    process.env.XDG_RUNTIME_DIR = root
    const registry = join(root, 'zk-pseudo')
    mkdirSync(registry)
    mkdirSync(join(root, 'foreign'))
    mkdirSync(join(root, 'over'))
    const foreign = { ...identityOf(1), pidScope: 'pid:[1] another' }
    saveState(join(root, 'foreign'), { ...foreign, name: 'foreign', connectString: '', members: [] })
    for (const name of ['foreign', 'over', 'elsewhere']) {
      const entry = { name, dir: join(root, name), mounts: 'mnt:[1]' }
      writeFileSync(join(registry, `${name}.json`), JSON.stringify(entry))
    }
    expect(await knownClusters()).toEqual([])
    expect(readdirSync(registry).sort()).toEqual(['elsewhere.json', 'foreign.json'])
  })
})

describe('a temporary folder', () => {
  it('whose process is gone is removed by the next start, and no other', async () => {
    const [dead, living] = [contender('temp', { TMPDIR: root }), contender('temp', { TMPDIR: root })]
    const [{ dir: left = '' }, { dir: kept = '' }] = (await Promise.all([told(dead), told(living)])) as [
      Told,
      Told,
    ]
    expect(left.startsWith(root)).toBe(true)
    dead.kill('SIGKILL')
    await once(dead, 'exit')
    expect(existsSync(left)).toBe(true)
    const next = contender('temp', { TMPDIR: root })
    await told(next)
    expect(existsSync(left)).toBe(false)
    expect(existsSync(kept)).toBe(true)
  })
})

describe('another pid namespace', () => {
  const unshare = ['unshare', '--fork', '--pid', '--mount-proc']
  const isPermitted = spawnSync(unshare[0] as string, [...unshare.slice(1), 'true']).status === 0

  it.skipIf(!isPermitted)('takes no cluster for dead', async () => {
    const dir = join(root, 'outside')
    const first = contender(dir, { XDG_RUNTIME_DIR: root })
    const { pid } = await told(first)
    const entries = readdirSync(join(root, 'zk-pseudo'))
    const script = new URL('./folderProcess.mjs', import.meta.url).pathname
    const inside = spawn(unshare[0] as string, [...unshare.slice(1), process.execPath, script, dir], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, XDG_RUNTIME_DIR: root },
    })
    children.push(inside)
    expect(await told(inside)).toMatchObject({
      code: 'ALREADY_RUNNING',
      message: expect.stringContaining(`(process ${pid})`),
    })
    expect(readdirSync(join(root, 'zk-pseudo'))).toEqual(entries)
    expect(readState(dir)?.pid).toBe(pid)
    expect(readFileSync(join(dir, 'supervisor.json'), 'utf8')).toContain('"pidScope":"pid:[')
  })
})
