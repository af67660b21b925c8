/**
 * One member gets another engine, on the same ports and data. It counts as replaced when it is in sync: it
 * serves, a write was acknowledged through it, and, if it votes, everything acknowledged is in its log. A
 * member that does not get in sync is run by its old engine again.
 *
 * A member must not start from a log that lacks transactions which the others have (Apache's log may,
 * host/logReach.ts): neither engine would have the missing transaction in its tree. All the others hold
 * everything at that point, so the member's data is set aside, and the leader sends it everything. The same
 * is done with data that neither engine can read: a member that continued to run in memory does not notice
 * that its disk is damaged.
 */

import type { Engine } from '../host/host.ts'
import { type Zxid, zxidHex } from '../protocol/zxid.ts'
import { performance, sleep } from '../time.ts'
import type { Cluster } from './cluster.ts'
import { lackIn, notHolding } from './inSync.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe/probe.ts'
import { isServing, until } from './settlement.ts'

/** How long another process may hold a port of a member that is being replaced. */
const PORT_PATIENCE_MS = 3000
const PORT_RETRY_MS = 200

export const WENT_DOWN = 'the cluster went down meanwhile'

interface Terms {
  readonly timeoutMs: number
  readonly probe: WriteProbe
}

interface Replaced {
  /** What went wrong; null if nothing did. */
  readonly problem: string | null
  /** What had to be done to its data; null if nothing had to be done. */
  readonly note: string | null
}

export async function replace(cluster: Cluster, member: Member, to: Engine, terms: Terms): Promise<Replaced> {
  const from = member.engine
  const wasLeader = member === cluster.leader
  await member.host?.stop()
  // The others elect a leader among themselves first: a member that comes back during an election may win it,
  // and would cause another one.
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
 * Starts the member without its data, if unreadable data is the cause; the leader sends the data again.
 * @returns a text for people; null if the data is not the cause
 */
async function startAnew(
  cluster: Cluster,
  member: Member,
  engine: Engine,
  terms: Terms,
): Promise<string | null> {
  await member.host?.kill()
  // The import brings in storage and tree, which a cluster needs for nothing else.
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

/** Examines the member's log before a start. `failure` is set if its data cannot be read or moved. */
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
  const zxid = zxidHex(lacks as Zxid)
  const where = cluster.setAside(member, 'lacks', zxid).join(' and ')
  return `its log lacked 0x${zxid}, which the others have: its data was set aside (${where}), and the leader gave it everything`
}

/** Starts the member and waits until it is in sync. @returns what went wrong; null if nothing did */
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
