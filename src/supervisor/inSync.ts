/**
 * Decides when a running ensemble can do without a member. A write is acknowledged when a quorum has it on
 * disk, but nothing says which members form that quorum. So before a member is stopped, everything that has
 * been acknowledged must be on the disks of all the other voters. Then nothing is lost even if the stopped
 * member, and others with it, never come back.
 *
 * A write that was acknowledged after the question was asked defines "everything": every write that a client
 * saw acknowledged before has a smaller zxid. Only the disk itself shows what is on disk: a member may serve
 * transactions that it has applied but not yet logged (Apache's SyncRequestProcessor runs concurrently with
 * its CommitProcessor), or that its log has lost (host/logReach.ts).
 */

import { LogReach, lackOf } from '../host/logReach.ts'
import { counterOf, ZERO_ZXID, type Zxid } from '../protocol/zxid.ts'
import { performance, sleep } from '../time.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe/probe.ts'
import { isServing, until } from './settlement.ts'

const LOOK_AGAIN_MS = 5

/**
 * A member that does not have everything on disk; `lacks` is the first missing transaction, if it is known.
 */
interface Behind {
  readonly member: Member
  readonly lacks: number | null
}

/** The serving voters other than this member. */
export function othersThatServe(cluster: Cluster, member: Member): Member[] {
  return cluster.roster.voters.filter((other) => other !== member && other.isActive && other.isServing)
}

/** Whether the serving members are a quorum without this one. */
export function canSpare(cluster: Cluster, member: Member): boolean {
  const { roster } = cluster
  return !roster.isVoter(member) || roster.isQuorum(othersThatServe(cluster, member))
}

/**
 * Waits until all these members have on disk everything that is acknowledged now.
 * @returns the members that do not have it when the time is up
 */
export async function notHolding(
  cluster: Cluster,
  members: readonly Member[],
  probe: WriteProbe,
  timeoutMs: number,
): Promise<Behind[]> {
  const asked = cluster.now
  const deadline = performance.now() + timeoutMs
  const isWritten = () => isServing(cluster) && probe.zxidAfter(asked) !== null
  if (!(await until(cluster, timeoutMs, isWritten))) return members.map((member) => ({ member, lacks: null }))
  const goal = await acknowledged(cluster, probe, asked)
  const logs = members.map((member) => ({ member, log: new LogReach(member.config) }))
  const isOver = () => performance.now() > deadline || cluster.ending.aborted
  try {
    while (!(await allLook(logs)) || logs.some(({ log }) => log.hole === null && log.zxid < goal)) {
      if (isOver()) break
      await sleep(LOOK_AGAIN_MS)
    }
  } catch {
    // A log that cannot be read is treated as holding nothing.
  }
  const reaches = logs.map(({ log }) => log)
  return logs.flatMap(({ member, log }) => {
    const lacks = lackOf(log, reaches)
    return lacks === null && log.zxid >= goal ? [] : [{ member, lacks }]
  })
}

/**
 * The first transaction that the log of a stopped member lacks and the others' logs have; null if none is
 * seen to be missing.
 */
export async function lackIn(cluster: Cluster, member: Member): Promise<number | null> {
  const all = [member, ...othersThatServe(cluster, member)].map((one) => {
    return { member: one, log: new LogReach(one.config) }
  })
  while (!(await allLook(all))) await sleep(LOOK_AGAIN_MS)
  const [own, ...others] = all.map(({ log }) => log)
  return own === undefined ? null : lackOf(own, others)
}

/**
 * False if a file was purged after it was listed and before it was opened: the caller then lists the files
 * again.
 */
async function allLook(logs: readonly { readonly log: LogReach }[]): Promise<boolean> {
  try {
    await Promise.all(logs.map(({ log }) => log.look()))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/**
 * 0 if the epoch has no transaction yet: the others have then synced with its start, and there is nothing
 * more.
 */
async function acknowledged(cluster: Cluster, probe: WriteProbe, asked: number): Promise<number> {
  const told = probe.zxidAfter(asked) ?? 0
  if (told > 0) return told
  const { leader } = cluster
  await leader?.refresh(1000)
  const zxid = (leader?.zxid ?? ZERO_ZXID) as Zxid
  return counterOf(zxid) === 0 ? 0 : zxid
}
