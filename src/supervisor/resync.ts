/**
 * Starts members that are down with nothing but their ids, so that the leader sends them everything; the data
 * that they had is set aside. This is meant for data that a member refuses, or that is no longer trusted.
 *
 * Invariants: a running member is never touched. A member's data is set aside only if the other serving
 * members are a quorum and have everything acknowledged on disk (inSync.ts): then the data that it held, and
 * the promises that it made, are no longer needed. Several members are resynced one after another, and each
 * then counts among the others for the next.
 */
import type { ActionRequest, Verdict } from '../api/api.ts'
import { OperationError } from '../api/operationError.ts'
import { act, targets } from './actions.ts'
import type { Cluster } from './cluster.ts'
import { notHolding, othersThatServe } from './inSync.ts'
import type { Member } from './member.ts'

/** @throws OperationError that says which members were left as they are */
export async function resync(cluster: Cluster, request: ActionRequest): Promise<Verdict> {
  const members = whoIsMeant(cluster, request)
  for (const member of members) await cluster.engines.prepare(member.engine, [member])
  const verdicts: Verdict[] = []
  for (const member of members) {
    await mustBeGiven(cluster, member, request.waitTimeoutMs)
    const paths = moveAway(cluster, member)
    const isLast = member === members.at(-1)
    try {
      const one = { ...request, resync: false, selectors: [String(member.id)], wait: request.wait || !isLast }
      const verdict = await act(cluster, one)
      verdicts.push({ ...verdict, setAside: [{ member: member.id, paths }] })
    } catch (error) {
      throw withPaths(error, member, paths)
    }
  }
  return together(verdicts)
}

/** The selected members, all of which are down. */
function whoIsMeant(cluster: Cluster, { selectors }: ActionRequest): Member[] {
  const down = targets(cluster, { verb: 'start', selectors })
  const named = selectors.filter((word) => word !== 'all')
  const meant = named.length === 0 ? down : targets(cluster, { verb: 'restart', selectors: named })
  const alive = meant.filter((member) => member.isAlive)
  const [first] = alive
  if (first !== undefined) {
    const ids = alive.map(({ id }) => id).join(', ')
    const message = `member ${ids} runs, and only a member that is down can be given its data anew; nothing was touched`
    throw new OperationError('RUNS', message, `first: zk-pseudo stop ${first.id}`)
  }
  if (down.length === 0) throw new OperationError('RUNS', 'every member runs; nothing was touched')
  return down
}

/** @throws OperationError unless the others can send the member everything now */
async function mustBeGiven(cluster: Cluster, member: Member, timeoutMs: number): Promise<void> {
  const left = `the data of member ${member.id} was left as it is`
  const { roster } = cluster
  const others = othersThatServe(cluster, member)
  if (cluster.members.length === 1) {
    const hint = `restore a backup into ${member.config.dataDir}, or move version-2 away to begin with nothing`
    throw new OperationError('NO_QUORUM', `${left}: there is no other member that could give it back`, hint)
  }
  if (cluster.leader === null || !roster.isQuorum(others)) {
    const down = roster.voters.filter((other) => other !== member && !other.isActive).map(({ id }) => id)
    const hint =
      down.length === 0
        ? 'wait until the others have agreed on a leader: zk-pseudo ps'
        : `bring back first who holds what it would be given: member ${down.join(', ')} (zk-pseudo ps shows them)`
    throw new OperationError('NO_QUORUM', `${left}: without it there is no quorum that serves`, hint)
  }
  const probe = cluster.probes.open(cluster.members)
  try {
    const behind = await notHolding(cluster, others, probe, timeoutMs)
    if (behind.length === 0) return
    const ids = behind.map(({ member: { id } }) => id).join(', ')
    const hint = 'see them: zk-pseudo ps, zk-pseudo logs; wait longer: --wait-timeout SECONDS'
    const message = `${left}: not everything that was acknowledged is on the disk of member ${ids}`
    throw new OperationError('NOT_IN_SYNC', message, hint)
  } finally {
    cluster.probes.close(probe)
  }
}

function moveAway(cluster: Cluster, member: Member): string[] {
  try {
    const paths = cluster.setAside(member, 'resync', String(Date.now()))
    cluster.events.add(cluster.now, member.id, { type: 'data-set-aside', paths })
    return paths
  } catch (error) {
    const message = `the data of member ${member.id} could not be set aside: ${(error as Error).message}`
    throw new OperationError('NOT_SET_ASIDE', message, 'mend that, and give the same command again')
  }
}

/** The error with the paths of the data that was set aside: these are reported whatever the outcome. */
function withPaths(error: unknown, { id }: Member, paths: readonly string[]): unknown {
  if (!(error instanceof OperationError) || paths.length === 0) return error
  const aside = `the data that member ${id} had was set aside: ${paths.join(' and ')}`
  const hint = error.hint === null ? aside : `${aside}\n${error.hint}`
  return new OperationError(error.code, error.message, hint, error.exitCode)
}

/** One verdict on all, from the state before the first to the state after the last. */
function together(verdicts: readonly Verdict[]): Verdict {
  const [first, last] = [verdicts[0], verdicts.at(-1)]
  if (first === undefined || last === undefined) throw new Error('invariant: nobody was resynced')
  return {
    ...last,
    members: verdicts.flatMap(({ members }) => members),
    leaderBefore: first.leaderBefore,
    setAside: verdicts.flatMap((verdict) => verdict.setAside ?? []),
  }
}
