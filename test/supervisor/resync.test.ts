/** `start --resync`: whose data may be set aside, and that nothing is touched where it may not. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeZxid } from '../../src/protocol/zxid.ts'
import { resync } from '../../src/supervisor/resync.ts'
import { madeUpCluster } from './madeUpCluster.ts'
import { writeLog } from './memberLogs.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zkp-resync-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const request = (selectors: string[], waitTimeoutMs = 2000) =>
  ({ verb: 'start', selectors, wait: true, waitTimeoutMs, resync: true }) as const

/** Three members; each has a log of one transaction, which was acknowledged. */
async function cluster() {
  const made = await madeUpCluster(3, 0, root)
  made.world.zxid = makeZxid(1, 1)
  for (const id of [0, 1, 2]) writeLog(made.member(id), [makeZxid(1, 1)])
  return made
}

describe('a member that is down', () => {
  it('starts with nothing, and what it had is beside it', async () => {
    const { cluster: three, member, world } = await cluster()
    await member(0).host?.kill()
    await world.settled()
    const verdict = await resync(three, request(['0']))
    const [aside] = verdict.setAside ?? []
    expect(verdict).toMatchObject({ members: [0], leaderBefore: 2, leaderAfter: 2, quorum: true })
    expect(aside?.member).toBe(0)
    expect(aside?.paths.every((path) => existsSync(path))).toBe(true)
    expect(readdirSync(member(0).config.dataDir)).not.toContain('version-2')
    expect(member(0).isServing).toBe(true)
  })

  it('keeps its data where the others are no quorum', async () => {
    const { cluster: three, member, world } = await cluster()
    await Promise.all([member(0).host?.kill(), member(1).host?.kill()])
    await world.settled()
    await expect(resync(three, request(['0']))).rejects.toMatchObject({
      code: 'NO_QUORUM',
      message: expect.stringContaining('the data of member 0 was left as it is'),
      hint: expect.stringContaining('member 1'),
    })
    expect(readdirSync(member(0).config.dataDir)).toEqual(['version-2'])
  })

  it('keeps its data while the log of another lacks what was acknowledged', async () => {
    const { cluster: three, member, world } = await cluster()
    world.zxid = makeZxid(1, 2)
    writeLog(member(2), [makeZxid(1, 1), makeZxid(1, 2)])
    await member(0).host?.kill()
    await world.settled()
    await expect(resync(three, request(['0'], 40))).rejects.toMatchObject({
      code: 'NOT_IN_SYNC',
      message: expect.stringContaining('on the disk of member 1'),
    })
    expect(readdirSync(member(0).config.dataDir)).toEqual(['version-2'])
  })

  it('keeps its data where there is no other member', async () => {
    const { cluster: one, member } = await madeUpCluster(1, 0, root)
    writeLog(member(0), [makeZxid(1, 1)])
    await member(0).host?.kill()
    await expect(resync(one, request(['0']))).rejects.toMatchObject({ code: 'NO_QUORUM' })
    expect(readdirSync(member(0).config.dataDir)).toEqual(['version-2'])
  })
})

it('touches no member that runs', async () => {
  const { cluster: three, member, world } = await cluster()
  await member(0).host?.kill()
  await world.settled()
  await expect(resync(three, request(['0', '1']))).rejects.toMatchObject({
    code: 'RUNS',
    hint: 'first: zk-pseudo stop 1',
  })
  expect([member(0).state, member(1).state]).toEqual(['killed', 'running'])
})
