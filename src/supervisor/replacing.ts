/**
 * One member gets another engine, on the same ports and data, and counts as replaced when it is in sync: it serves, a write
 * was acknowledged through it, and, if it votes, everything acknowledged is in its log. One that does not get there is run
 * by its old engine again.
 *
 * A log that lacks what others have (Apache's may, host/logReach.ts) must not be started from: neither engine would have the
 * missing transaction in its tree. All the others hold everything then, so its data is set aside, and the leader gives it all.
 * So it is with data that neither engine can read: a member that ran on in memory does not notice that its disk is damaged.
 */
import type { Engine } from '../host/host.ts'
import { performance, sleep } from '../time.ts'
import { lackIn, notHolding } from './inSync.ts'
import type { Member } from './member.ts'
import type { WriteProbe } from './probe.ts'
import { isServing, until } from './settling.ts'
import type { Supervisor } from './supervisor.ts'

/** How long somebody else may hold a port of a member that is being replaced. */
const PORT_PATIENCE_MS = 3000
const PORT_RETRY_MS = 200

export const WENT_DOWN = 'the cluster went down meanwhile'

interface Terms {
  readonly timeoutMs: number
  readonly probe: WriteProbe
}

export interface Replaced {
  /** What went wrong, null when nothing did. */
  readonly problem: string | null
  /** What had to be done to its data, null when nothing had. */
  readonly note: string | null
}

export async function replace(
  supervisor: Supervisor,
  member: Member,
  to: Engine,
  terms: Terms,
): Promise<Replaced> {
  const from = member.engine
  const wasLeader = member === supervisor.leader
  await member.host?.stop()
  // The others elect among themselves first: who comes back into an election may win it, and make for another one.
  if (wasLeader) await until(supervisor, terms.timeoutMs, () => isServing(supervisor))
  const { note, failure = await startAs(supervisor, member, to, terms) } = await examined(supervisor, member)
  if (failure === null || supervisor.ending.aborted) return { problem: failure, note }
  await member.host?.kill()
  const again = await startAs(supervisor, member, from, terms)
  const what = `member ${member.id} ${failure} with ${to}`
  if (again === null) return { problem: `${what}; it runs with ${from} again`, note }
  const nor = again === failure ? `nor with ${from}` : `and then ${again} with ${from}`
  const outcome = supervisor.ending.aborted ? null : await startAnew(supervisor, member, from, terms)
  const way = `why: zk-pseudo logs ${member.id}; once that is mended: zk-pseudo start ${member.id}`
  return { problem: `${what}, ${nor}; ${outcome ?? way}`, note }
}

/** Without its data, if that is what cannot be read; the leader gives it again. @returns for people; null if it is not that */
async function startAnew(
  supervisor: Supervisor,
  member: Member,
  engine: Engine,
  terms: Terms,
): Promise<string | null> {
  await member.host?.kill()
  // Storage and tree, which a supervisor has no other use for.
  const { isDataAtFault } = await import('../host/dataFault.ts')
  if (!isDataAtFault(member.config)) return null
  try {
    const paths = supervisor.setAside(member, 'unreadable', String(Date.now()))
    const aside = `its data was set aside (${paths.join(' and ')})`
    const failure = await startAs(supervisor, member, engine, terms)
    return failure === null
      ? `${aside}, it runs with ${engine} again`
      : `${aside}, and it ${failure} all the same; why: zk-pseudo logs ${member.id}`
  } catch (error) {
    return `its data could not be set aside: ${(error as Error).message}`
  }
}

/** `failure` where its data cannot be read or moved. */
async function examined(
  supervisor: Supervisor,
  member: Member,
): Promise<{ note: string | null; failure?: string }> {
  if (!supervisor.roster.isVoter(member)) return { note: null }
  try {
    const lacks = await lackIn(supervisor, member)
    return { note: lacks === null ? null : lackingSetAside(supervisor, member, lacks) }
  } catch (error) {
    return { note: null, failure: `was not started, for logs cannot be read (${(error as Error).message}),` }
  }
}

function lackingSetAside(supervisor: Supervisor, member: Member, lacks: number): string {
  const zxid = lacks.toString(16)
  const where = supervisor.setAside(member, 'lacks', zxid).join(' and ')
  return `its log lacked 0x${zxid}, which the others have: its data was set aside (${where}), and the leader gave it everything`
}

/** Starts it and waits until it is in sync; what went wrong, null when nothing did. */
async function startAs(
  supervisor: Supervisor,
  member: Member,
  engine: Engine,
  { timeoutMs, probe }: Terms,
): Promise<string | null> {
  const deadline = performance.now() + timeoutMs
  const left = () => Math.max(0, deadline - performance.now())
  supervisor.changeEngine(member, engine)
  const begun = supervisor.now
  const failure = await start(supervisor, member)
  if (failure !== null) return failure
  const { host } = member
  const isGone = () => member.host !== host
  const hasWritten = () => isServing(supervisor) && member.isServing && probe.hasWritten(begun, member.id)
  const serves = await until(supervisor, timeoutMs, () => isGone() || hasWritten())
  const isVoter = supervisor.roster.isVoter(member)
  const behind = serves && isVoter && !isGone() ? await notHolding(supervisor, [member], probe, left()) : []
  if (supervisor.ending.aborted) return WENT_DOWN
  if (isGone()) return `ended (${member.exit})`
  if (!serves) return `was not in sync after ${timeoutMs / 1000} s`
  return behind.length === 0 ? null : `had not logged what is acknowledged after ${timeoutMs / 1000} s`
}

async function start(supervisor: Supervisor, member: Member): Promise<string | null> {
  for (const deadline = performance.now() + PORT_PATIENCE_MS; ; ) {
    try {
      await supervisor.start([member])
      return null
    } catch (error) {
      if (supervisor.ending.aborted) return WENT_DOWN
      const { code, message } = error as { code?: string; message?: string }
      if (code !== 'PORT_TAKEN' || performance.now() > deadline) return `could not be started (${message})`
      await sleep(PORT_RETRY_MS)
    }
  }
}
