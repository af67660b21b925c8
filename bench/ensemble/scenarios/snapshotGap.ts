/**
 * Writes without a pause until every member has taken a snapshot meanwhile. A snapshot's duration is read
 * from its file, from birth to last change, which is the same measure for both engines.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient } from '../../../test/support/rawClient.ts'
import type { EngineMember } from '../engine.ts'
import type { Sample } from '../scenario.ts'
import { median } from '../statistics.ts'

const PATH = '/bench-gap'
const WINDOW = 16
const PATIENCE_MS = 120_000
/** The seal that ends every snapshot file. */
const SEAL = Buffer.from([0, 0, 0, 1, 0x2f])

interface Period {
  from: number
  to: number
}

export async function writeDuringSnapshots(
  members: readonly EngineMember[],
  leader: EngineMember,
): Promise<Sample[]> {
  const before = new Map(members.map((member) => [member.id, new Set(snapshotsOf(member))]))
  const isNew = (member: EngineMember) => (file: string) => !before.get(member.id)?.has(file)
  const client = await RawClient.open(leader.clientPort)
  await client.create(PATH)
  const writing = { isOver: false, acknowledged: [Date.now()] }
  const writers = Array.from({ length: WINDOW }, () => write(client, writing))
  const periods = await Promise.all(members.map((member) => completed(member, isNew(member))))
  writing.isOver = true
  await Promise.all(writers)
  await client.close()
  const during = gaps(writing.acknowledged).filter((gap) => periods.some((period) => overlap(gap, period)))
  const snapshotMs = median(periods.map(({ from, to }) => to - from))
  return [
    { metric: 'znodes: snapshot', unit: 'ms', value: snapshotMs },
    {
      metric: 'znodes: longest gap between writes meanwhile',
      unit: 'ms',
      value: Math.max(...during.map(({ from, to }) => to - from)),
    },
  ]
}

async function write(client: RawClient, writing: { isOver: boolean; acknowledged: number[] }): Promise<void> {
  while (!writing.isOver) {
    await client.setData(PATH, 'x')
    // The clock is the same as that of the files' times.
    writing.acknowledged.push(performance.timeOrigin + performance.now())
  }
}

function gaps(moments: readonly number[]): Period[] {
  return moments.slice(1).map((to, index) => ({ from: moments[index] as number, to }))
}

function overlap(a: Period, b: Period): boolean {
  return a.from <= b.to && b.from <= a.to
}

function snapshotsOf({ dataDir }: EngineMember): string[] {
  return readdirSync(join(dataDir, 'version-2')).filter((file) => /^snapshot\.[0-9a-f]+$/.test(file))
}

/** When the member's first new snapshot was begun and when it was finished. */
async function completed(member: EngineMember, isNew: (file: string) => boolean): Promise<Period> {
  const deadline = performance.now() + PATIENCE_MS
  let size = -1
  while (performance.now() < deadline) {
    const file = snapshotsOf(member).find(isNew)
    if (file !== undefined) {
      const path = join(member.dataDir, 'version-2', file)
      const { birthtimeMs, mtimeMs, size: now } = statSync(path)
      if (now === size && isSealed(path, now)) return { from: birthtimeMs, to: mtimeMs }
      size = now
    }
    await sleep(100)
  }
  throw new Error(`member ${member.id} took no snapshot within ${PATIENCE_MS} ms`)
}

/** Apache writes in place: a file is complete when it ends with the seal and no longer grows. */
function isSealed(path: string, size: number): boolean {
  if (size < SEAL.length) return false
  const file = openSync(path, 'r')
  const end = Buffer.alloc(SEAL.length)
  readSync(file, end, 0, SEAL.length, size - SEAL.length)
  closeSync(file)
  return end.equals(SEAL)
}
