/**
 * Members that are down are started with nothing but their ids, so that the leader gives them everything; what they had is
 * set aside. For data that a member refuses, or that nobody trusts any more.
 *
 * Invariants: a member that runs is never touched. Nobody's data is set aside unless all the others that serve are a
 * quorum and have on disk whatever was acknowledged (inSync.ts): what it held, and what it had promised, nobody needs
 * then. Several members are done one after the other, each of the others for the next.
 */
import type { ActionRequest, Verdict } from '../control/api.ts'
import { OperationError } from '../control/operationError.ts'
import { act, targets } from './actions.ts'
import { notHolding, othersThatServe } from './inSync.ts'
import type { Member } from './member.ts'
import type { Supervisor } from './supervisor.ts'

/** @throws OperationError that tells which members were left as they are */
export async function resync(supervisor: Supervisor, request: ActionRequest): Promise<Verdict> {
  const members = whoIsMeant(supervisor, request)
  for (const member of members) await supervisor.engines.prepare(member.engine, [member])
  const verdicts: Verdict[] = []
  for (const member of members) {
    await mustBeGiven(supervisor, member, request.waitTimeoutMs)
    const paths = moveAway(supervisor, member)
    const isLast = member === members.at(-1)
    try {
      const one = { ...request, resync: false, selectors: [String(member.id)], wait: request.wait || !isLast }
      const verdict = await act(supervisor, one)
      verdicts.push({ ...verdict, setAside: [{ member: member.id, paths }] })
    } catch (error) {
      throw withPaths(error, member, paths)
    }
  }
  return together(verdicts)
}

/** Those that are down. */
function whoIsMeant(supervisor: Supervisor, { selectors }: ActionRequest): Member[] {
  const down = targets(supervisor, { verb: 'start', selectors })
  const named = selectors.filter((word) => word !== 'all')
  const meant = named.length === 0 ? down : targets(supervisor, { verb: 'restart', selectors: named })
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

/** @throws OperationError unless the others can give it everything now */
async function mustBeGiven(supervisor: Supervisor, member: Member, timeoutMs: number): Promise<void> {
  const left = `the data of member ${member.id} was left as it is`
  const { roster } = supervisor
  const others = othersThatServe(supervisor, member)
  if (supervisor.members.length === 1) {
    const hint = `restore a backup into ${member.config.dataDir}, or move version-2 away to begin with nothing`
    throw new OperationError('NO_QUORUM', `${left}: there is no other member that could give it back`, hint)
  }
  if (supervisor.leader === null || !roster.isQuorum(others)) {
    const down = roster.voters.filter((other) => other !== member && !other.isActive).map(({ id }) => id)
    const hint =
      down.length === 0
        ? 'wait until the others have agreed on a leader: zk-pseudo ps'
        : `bring back first who holds what it would be given: member ${down.join(', ')} (zk-pseudo ps shows them)`
    throw new OperationError('NO_QUORUM', `${left}: without it there is no quorum that serves`, hint)
  }
  const probe = supervisor.probes.open(supervisor.members)
  try {
    const behind = await notHolding(supervisor, others, probe, timeoutMs)
    if (behind.length === 0) return
    const ids = behind.map(({ member: { id } }) => id).join(', ')
    const hint = 'see them: zk-pseudo ps, zk-pseudo logs; wait longer: --wait-timeout SECONDS'
    const message = `${left}: not everything that was acknowledged is on the disk of member ${ids}`
    throw new OperationError('NOT_IN_SYNC', message, hint)
  } finally {
    supervisor.probes.close(probe)
  }
}

function moveAway(supervisor: Supervisor, member: Member): string[] {
  try {
    const paths = supervisor.setAside(member, 'resync', String(Date.now()))
    supervisor.events.add(supervisor.now, member.id, { type: 'data-set-aside', paths })
    return paths
  } catch (error) {
    const message = `the data of member ${member.id} could not be set aside: ${(error as Error).message}`
    throw new OperationError('NOT_SET_ASIDE', message, 'mend that, and give the same command again')
  }
}

/** What was moved is told, whatever came of it. */
function withPaths(error: unknown, { id }: Member, paths: readonly string[]): unknown {
  if (!(error instanceof OperationError) || paths.length === 0) return error
  const aside = `the data that member ${id} had was set aside: ${paths.join(' and ')}`
  const hint = error.hint === null ? aside : `${aside}\n${error.hint}`
  return new OperationError(error.code, error.message, hint, error.exitCode)
}

/** From before the first to after the last. */
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
