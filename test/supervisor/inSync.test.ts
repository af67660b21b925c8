/**
 * When a member may be missed: by the votes, and by what the logs of the others hold, which are real files
 * here.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeZxid } from '../../src/protocol/zxid.ts'
import { canSpare, lackIn, notHolding, othersThatServe } from '../../src/supervisor/inSync.ts'
import { madeUpCluster } from './madeUpCluster.ts'
import { writeLog } from './memberLogs.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zkp-insync-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const zxids = (last: number) => Array.from({ length: last }, (_, i) => makeZxid(1, i + 1))

describe('a member can be spared', () => {
  it('when the others that serve and vote are a quorum', async () => {
    const { cluster, member } = await madeUpCluster(3, 1)
    expect(othersThatServe(cluster, member(2)).map(({ id }) => id)).toEqual([0, 1])
    expect(canSpare(cluster, member(2))).toBe(true)
    member(1).isServing = false
    expect([canSpare(cluster, member(2)), canSpare(cluster, member(1))]).toEqual([false, true])
  })

  it('always when it only observes', async () => {
    const { cluster, member } = await madeUpCluster(1, 1)
    expect([canSpare(cluster, member(1)), canSpare(cluster, member(0))]).toEqual([true, false])
  })
})

describe('what was acknowledged', () => {
  it('must be on the disks that are asked, within the time', async () => {
    const { cluster, member, world } = await madeUpCluster(3, 0, root)
    world.zxid = makeZxid(1, 3)
    writeLog(member(0), zxids(3))
    writeLog(member(1), zxids(2))
    const late = await notHolding(cluster, [member(0), member(1)], world.probe, 30)
    expect(late.map((one) => one.member.id)).toEqual([1])
    const waiting = notHolding(cluster, [member(0), member(1)], world.probe, 5000)
    writeLog(member(1), zxids(4))
    expect(await waiting).toEqual([])
  })

  it('is nowhere while no write is acknowledged', async () => {
    const { cluster, member, world } = await madeUpCluster(3, 0, root)
    writeLog(member(0), zxids(3))
    world.isMute = true
    const late = await notHolding(cluster, [member(0)], world.probe, 20)
    expect(late).toEqual([{ member: member(0), lacks: null }])
  })

  it('is lacking where a log has a hole that others do not have, and the hole is named', async () => {
    const { cluster, member, world } = await madeUpCluster(3, 0, root)
    world.zxid = makeZxid(1, 4)
    for (const id of [0, 1]) writeLog(member(id), zxids(4))
    writeLog(
      member(2),
      zxids(4).filter((zxid) => zxid !== makeZxid(1, 3)),
    )
    expect(await lackIn(cluster, member(2))).toBe(makeZxid(1, 3))
    expect(await lackIn(cluster, member(0))).toBeNull()
    const late = await notHolding(cluster, [member(0), member(2)], world.probe, 30)
    expect(late).toEqual([{ member: member(2), lacks: makeZxid(1, 3) }])
  })
})
