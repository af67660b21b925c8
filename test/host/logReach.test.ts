/** How far a member's log reaches: holes, epochs, repetitions, snapshots, and what is being written. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogReach, lackOf } from '../../src/host/logReach.ts'
import { ENTRY_OVERHEAD, logHeader, TXN_HEADER_SIZE, writeEntry } from '../../src/storage/log/logFormat.ts'

const E1 = 2 ** 32
const E2 = 2 * E1

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zkp-reach-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function entry(zxid: number, bytes = 10): Buffer {
  const payload = Buffer.alloc(TXN_HEADER_SIZE + bytes)
  payload.writeBigInt64BE(BigInt(zxid), 12)
  const frame = Buffer.alloc(payload.length + ENTRY_OVERHEAD)
  writeEntry(frame, 0, payload)
  return frame
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const pathOf = (member: string, file: string) => join(root, member, 'version-2', file)

function log(member: string, zxids: readonly number[], zeros = 4096): string {
  mkdirSync(join(root, member, 'version-2'), { recursive: true })
  const path = pathOf(member, `log.${(zxids[0] ?? 0).toString(16)}`)
  writeFileSync(path, Buffer.concat([logHeader(), ...zxids.map((zxid) => entry(zxid)), Buffer.alloc(zeros)]))
  return path
}

function reachOf(member: string): LogReach {
  return new LogReach({ dataDir: join(root, member), dataLogDir: join(root, member) })
}

async function looked(member: string): Promise<LogReach> {
  const reach = reachOf(member)
  await reach.look()
  return reach
}

describe("a member's log", () => {
  it('reaches to its last whole entry, through all its files', async () => {
    log('a', range(E1 + 1, E1 + 5))
    log('a', range(E1 + 6, E1 + 9))
    expect(await looked('a')).toMatchObject({ zxid: E1 + 9, hole: null })
    mkdirSync(join(root, 'none', 'version-2'), { recursive: true })
    expect(await looked('none')).toMatchObject({ zxid: 0, hole: null })
  })

  it('is read further from where reading ended, and what is half written does not count', async () => {
    const path = log('a', range(E1 + 1, E1 + 3), 0)
    const reach = await looked('a')
    const next = entry(E1 + 4, 2_000_000)
    appendFileSync(path, next.subarray(0, 1_500_000))
    await reach.look()
    expect(reach.zxid).toBe(E1 + 3)
    appendFileSync(path, next.subarray(1_500_000))
    await reach.look()
    expect(reach.zxid).toBe(E1 + 4)
    log('a', [])
    log('a', range(E1 + 5, E1 + 6))
    await reach.look()
    expect(reach.zxid).toBe(E1 + 6)
  })

  it('with a hole reaches to the hole, unless a snapshot has what is missing', async () => {
    log('a', [...range(E1 + 1, E1 + 5), E1 + 7, E1 + 8])
    const reach = await looked('a')
    expect(reach).toMatchObject({ zxid: E1 + 5, hole: E1 + 6 })
    expect(lackOf(reach, [])).toBe(E1 + 6)
    writeFileSync(pathOf('a', `snapshot.${(E1 + 6).toString(16)}.gz`), '')
    expect(await looked('a')).toMatchObject({ zxid: E1 + 8, hole: null })
  })

  it('with a hole between two files reaches to that hole', async () => {
    log('a', range(E1 + 1, E1 + 5))
    log('a', range(E1 + 7, E1 + 9))
    expect((await looked('a')).hole).toBe(E1 + 6)
  })

  it('that lacks the beginning of an epoch has a hole', async () => {
    log('a', [...range(E1 + 1, E1 + 5), E2 + 2])
    expect(await looked('a')).toMatchObject({ zxid: E1 + 5, hole: E2 + 1 })
  })

  it('may repeat transactions', async () => {
    log('a', [...range(E1 + 1, E1 + 5), ...range(E1 + 3, E1 + 8)])
    expect(await looked('a')).toMatchObject({ zxid: E1 + 8, hole: null })
  })

  it('that lacks the end of an epoch is recognized by comparison with the others', async () => {
    log('a', [...range(E1 + 1, E1 + 5), E2 + 1])
    log('b', [...range(E1 + 1, E1 + 6), E2 + 1, E2 + 2])
    const [a, b] = [await looked('a'), await looked('b')]
    expect([a.hole, b.hole]).toEqual([null, null])
    expect(lackOf(a, [a, b])).toBe(E1 + 6)
    expect(lackOf(b, [a, b])).toBeNull()
    // A snapshot from the beginning of the epoch covers everything before it.
    writeFileSync(pathOf('a', `snapshot.${E2.toString(16)}`), '')
    expect(lackOf(await looked('a'), [b])).toBeNull()
  })

  it('that a crash cut short in its header is empty', async () => {
    truncateSync(log('a', [E1 + 1], 0), 7)
    expect(await looked('a')).toMatchObject({ zxid: 0, hole: null })
  })
})
