/**
 * One member gets another engine, on the same ports and data, and counts as replaced when it is in sync: it
 * serves, a write was acknowledged through it, and, if it votes, everything acknowledged is in its log. One
 * that does not get there is run by its old engine again.
 *
 * A log that lacks what others have (Apache's may, host/logReach.ts) must not be started from: neither engine
 * would have the missing transaction in its tree. All the others hold everything then, so its data is set
 * aside, and the leader gives it all. So it is with data that neither engine can read: a member that ran on
 * in memory does not notice that its disk is damaged.
 */
import type { Engine } from '../host/host.ts'
import { performance, sleep } from '../time.ts'
import type { Cluster } from './cluster.ts'
import { lackIn, notHolding } from './inSync.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe/probe.ts'
import { isServing, until } from './settlement.ts'

/** How long somebody else may hold a port of a member that is being replaced. */
const PORT_PATIENCE_MS = 3000
const PORT_RETRY_MS = 200

export const WENT_DOWN = 'the cluster went down meanwhile'

interface Terms {
  readonly timeoutMs: number
  readonly probe: WriteProbe
}

interface Replaced {
  /** What went wrong, null when nothing did. */
  readonly problem: string | null
  /** What had to be done to its data, null when nothing had. */
  readonly note: string | null
}

export async function replace(cluster: Cluster, member: Member, to: Engine, terms: Terms): Promise<Replaced> {
  const from = member.engine
  const wasLeader = member === cluster.leader
  await member.host?.stop()
  // The others elect among themselves first: who comes back into an election may win it, and make for another
  // one.
  if (wasLeader) await until(cluster, terms.timeoutMs, () => isServing(cluster))
  const { note, failure = await startAs(cluster, member, to, terms) } = await examined(cluster, member)
  if (failure === null || cluster.ending.aborted) return { problem: failure, note }
  await member.host?.kill()
  const again = await startAs(cluster, member, from, terms)
  const what = `member ${member.id} ${failure} with ${to}`
  if (again === null) return { problem: `${what}; it runs with ${from} again`, note }
  const nor = again === failure ? `nor with ${from}` : `and then ${again} with ${from}`
  const outcome = cluster.ending.aborted ? null : await startAnew(cluster, member, from, terms)
  const way = `why: zk-pseudo logs ${member.id}; once that is mended: zk-pseudo start ${member.id}`
  return { problem: `${what}, ${nor}; ${outcome ?? way}`, note }
}

/**
 * Without its data, if that is what cannot be read; the leader gives it again. @returns for people; null if
 * it is not that
 */
async function startAnew(
  cluster: Cluster,
  member: Member,
  engine: Engine,
  terms: Terms,
): Promise<string | null> {
  await member.host?.kill()
  // Storage and tree, which a cluster has no other use for.
  const { isDataAtFault } = await import('../host/dataFault.ts')
  if (!isDataAtFault(member.config)) return null
  try {
    const paths = cluster.setAside(member, 'unreadable', String(Date.now()))
    const aside = `its data was set aside (${paths.join(' and ')})`
    const failure = await startAs(cluster, member, engine, terms)
    return failure === null
      ? `${aside}, it runs with ${engine} again`
      : `${aside}, and it ${failure} all the same; why: zk-pseudo logs ${member.id}`
  } catch (error) {
    return `its data could not be set aside: ${(error as Error).message}`
  }
}

/** `failure` where its data cannot be read or moved. */
async function examined(
  cluster: Cluster,
  member: Member,
): Promise<{ note: string | null; failure?: string }> {
  if (!cluster.roster.isVoter(member)) return { note: null }
  try {
    const lacks = await lackIn(cluster, member)
    return { note: lacks === null ? null : lackingSetAside(cluster, member, lacks) }
  } catch (error) {
    return { note: null, failure: `was not started, for logs cannot be read (${(error as Error).message}),` }
  }
}

function lackingSetAside(cluster: Cluster, member: Member, lacks: number): string {
  const zxid = lacks.toString(16)
  const where = cluster.setAside(member, 'lacks', zxid).join(' and ')
  return `its log lacked 0x${zxid}, which the others have: its data was set aside (${where}), and the leader gave it everything`
}

/** Starts it and waits until it is in sync; what went wrong, null when nothing did. */
async function startAs(
  cluster: Cluster,
  member: Member,
  engine: Engine,
  { timeoutMs, probe }: Terms,
): Promise<string | null> {
  const deadline = performance.now() + timeoutMs
  const left = () => Math.max(0, deadline - performance.now())
  cluster.changeEngine(member, engine)
  const begun = cluster.now
  const failure = await start(cluster, member)
  if (failure !== null) return failure
  const { host } = member
  const isGone = () => host === null || member.host !== host
  const hasWritten = () => isServing(cluster) && member.isServing && probe.hasWritten(begun, member.id)
  const serves = await until(cluster, timeoutMs, () => isGone() || hasWritten())
  const isVoter = cluster.roster.isVoter(member)
  const behind = serves && isVoter && !isGone() ? await notHolding(cluster, [member], probe, left()) : []
  if (cluster.ending.aborted) return WENT_DOWN
  if (isGone()) return `ended (${member.exit})`
  if (!serves) return `was not in sync after ${timeoutMs / 1000} s`
  return behind.length === 0 ? null : `had not logged what is acknowledged after ${timeoutMs / 1000} s`
}

async function start(cluster: Cluster, member: Member): Promise<string | null> {
  for (const deadline = performance.now() + PORT_PATIENCE_MS; ; ) {
    try {
      await cluster.start([member])
      return null
    } catch (error) {
      if (cluster.ending.aborted) return WENT_DOWN
      const { code, message } = error as { code?: string; message?: string }
      if (code !== 'PORT_TAKEN' || performance.now() > deadline) return `could not be started (${message})`
      await sleep(PORT_RETRY_MS)
    }
  }
}
