/**
 * An `up` whose members refuse their data: it leaves nothing when none of them runs, and names the missing
 * members when some do.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'
import { fingerprintOf } from '../support/fingerprint.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { unwrapped } from '../support/unwrapped.ts'
import { runCli } from './cli.ts'

const DAMAGED = /their beginning is missing/

let root: string
let ports: number[]
const at = (...path: string[]) => join(root, 'project', ...path)
const cli = (...words: string[]) => {
  return runCli(words, { cwd: at(), env: { XDG_RUNTIME_DIR: join(root, 'run') } })
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'zkp-failed-'))
  ports = await claimPorts(9)
  mkdirSync(join(root, 'run'), { mode: 0o700 })
  const servers = [0, 1, 2].map((id) => `server.${id}=127.0.0.1:${ports[3 + id]}:${ports[6 + id]}`)
  for (const id of [0, 1, 2]) {
    mkdirSync(at(`data/${id}`), { recursive: true })
    writeFileSync(at(`data/${id}/myid`), `${id}\n`)
    const lines = [
      'tickTime=200',
      'initLimit=10',
      'syncLimit=5',
      `dataDir=${at(`data/${id}`)}`,
      `clientPort=${ports[id]}`,
    ]
    writeFileSync(at(`zoo-${id}.cfg`), `${[...lines, ...servers].join('\n')}\n`)
  }
  writeFileSync(at('alone.cfg'), `tickTime=200\ndataDir=${at('data/0')}\nclientPort=${ports[0]}\n`)
})

afterEach(async () => {
  await cli('down')
  releasePorts(ports)
  rmSync(root, { recursive: true, force: true })
})

/** Logs without the snapshot that they continue. */
function damage(...ids: number[]): void {
  for (const id of ids) {
    mkdirSync(at(`data/${id}/version-2`))
    appendFileSync(at(`data/${id}/version-2/log.100000001`), 'nothing that can be read')
  }
}

const threeConfigs = ['zoo-0.cfg', 'zoo-1.cfg', 'zoo-2.cfg']

describe('an up of which no member can start', () => {
  it.each([
    ['alone, in the background', ['alone.cfg', '-d'], [0]],
    ['alone, in the foreground', ['alone.cfg'], [0]],
    ['all three, in the background', [...threeConfigs, '-d'], [0, 1, 2]],
  ])('names the reason and leaves nothing: %s', async (_, words, damaged) => {
    damage(...damaged)
    const before = fingerprintOf(at())
    const { code, stderr } = await cli('up', ...words)
    expect(code).toBe(1)
    expect(unwrapped(stderr)).toMatch(DAMAGED)
    expect(unwrapped(stderr)).not.toContain('zk-pseudo logs')
    expect((await cli('ps')).code).toBe(3)
    expect(fingerprintOf(at())).toEqual(before)
    expect(existsSync(at('.zk-pseudo'))).toBe(false)
  })

  it('leaves nothing of the library’s in a folder of the user’s own', async () => {
    damage(0)
    const before = fingerprintOf(at())
    const start = Ensemble.start({ configs: [at('alone.cfg')], dir: at('cluster') })
    await expect(start).rejects.toMatchObject({ code: 'CRASHED', message: expect.stringMatching(DAMAGED) })
    expect(fingerprintOf(at())).toEqual(before)
  })
})

describe('an up of which some members can start', () => {
  it('stays up where they are no quorum, and says so', async () => {
    damage(0, 1)
    const { code, stderr } = await cli('up', ...threeConfigs, '-d')
    expect(code).toBe(1)
    expect(unwrapped(stderr)).toMatch(
      /members? 0.* crashed .*; member 1 crashed .*its supervisor still runs/s,
    )
    const { members } = JSON.parse((await cli('ps', '--json')).stdout) as { members: { state: string }[] }
    expect(members.map(({ state }) => state)).toEqual(['crashed', 'crashed', 'running'])
  })

  it('is done where they serve, and names the one that is missing; so does the verdict of what comes next', async () => {
    damage(1)
    const { code, stderr } = await cli('up', ...threeConfigs, '-d')
    expect(code).toBe(0)
    expect(unwrapped(stderr)).toMatch(/^member 1 crashed: .*their beginning is missing/)
    const killed = await cli('kill', '2')
    expect(unwrapped(killed.stdout)).toMatch(/no quorum: .*\nmember 1 crashed: .*their beginning is missing/s)
    expect(readdirSync(at('.zk-pseudo'))).toContain('cluster.json')
  })
})
