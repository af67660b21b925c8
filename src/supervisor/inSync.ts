/**
 * When a member of a running ensemble may be missed. A write is acknowledged when a quorum has it on disk,
 * and which members those are nobody knows; so before one is stopped, everything that has been acknowledged
 * is on the disks of all the others that vote. Then nothing is lost even if the one that was stopped never
 * comes back, and more members with it.
 *
 * What "everything" is tells a write that was acknowledged after the question was asked: all that anybody was
 * told of before has a smaller zxid. What is on disk tells the disk: a member may serve what it has applied
 * and not yet logged (Apache's SyncRequestProcessor works beside its CommitProcessor), or has lost from its
 * log (host/logReach.ts).
 */
import { LogReach, lackOf } from '../host/logReach.ts'
import { performance, sleep } from '../time.ts'
import type { Cluster } from './cluster.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe/probe.ts'
import { isServing, until } from './settlement.ts'

const LOOK_AGAIN_MS = 5

/** A member that has not all on disk; `lacks`: the first transaction that is missing, where that is known. */
interface Behind {
  readonly member: Member
  readonly lacks: number | null
}

/** Those that serve and vote, but the one. */
export function othersThatServe(cluster: Cluster, member: Member): Member[] {
  return cluster.roster.voters.filter((other) => other !== member && other.isActive && other.isServing)
}

/** Whether those that serve are a quorum without it. */
export function canSpare(cluster: Cluster, member: Member): boolean {
  const { roster } = cluster
  return !roster.isVoter(member) || roster.isQuorum(othersThatServe(cluster, member))
}

/**
 * Waits until all of these have on disk what is acknowledged now; those that have not when the time is up.
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
    // What cannot be read holds nothing that could be counted on.
  }
  const reaches = logs.map(({ log }) => log)
  return logs.flatMap(({ member, log }) => {
    const lacks = lackOf(log, reaches)
    return lacks === null && log.zxid >= goal ? [] : [{ member, lacks }]
  })
}

/**
 * What the log of a member that was stopped lacks of what others' logs have; null when nothing is seen to be
 * missing.
 */
export async function lackIn(cluster: Cluster, member: Member): Promise<number | null> {
  const all = [member, ...othersThatServe(cluster, member)].map((one) => {
    return { member: one, log: new LogReach(one.config) }
  })
  while (!(await allLook(all))) await sleep(LOOK_AGAIN_MS)
  const [own, ...others] = all.map(({ log }) => log)
  return own === undefined ? null : lackOf(own, others)
}

/** False when a file was purged between its listing and its opening: it is listed again soon. */
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
 * 0 when the epoch has no transaction yet: then the others have synced with its beginning, and there is no
 * more.
 */
async function acknowledged(cluster: Cluster, probe: WriteProbe, asked: number): Promise<number> {
  const told = probe.zxidAfter(asked) ?? 0
  if (told > 0) return told
  const { leader } = cluster
  await leader?.refresh(1000)
  const zxid = leader?.zxid ?? 0
  return zxid % 2 ** 32 === 0 ? 0 : zxid
}
