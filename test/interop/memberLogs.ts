/** The members' logs as their supervisor keeps them, and which of their records are unexplained. */
import type { Engine } from '../../src/ensemble/index.ts'

export interface LogRecord {
  /** ms since 1970. */
  readonly time: number
  readonly level: string
  readonly message: string
  /** The record as text for people: time, level, message and all other fields. */
  readonly text: string
}

/** Pino's level numbers. */
const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }

export function readLog(file: string): LogRecord[] {
  return file
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { time, level, msg, member, ...fields } = JSON.parse(line) as {
        time: number
        level: number
        msg: string
        member: number
      }
      const name = LEVELS[level] ?? String(level)
      const more = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`
      const at = new Date(time).toISOString().slice(11, 23)
      return { time, level: name, message: msg, text: `${at} ${name} ${msg}${more}` }
    })
}

/** Records that must never appear, whatever their level: a wrong tree, or a peer that was not understood. */
const DISASTERS = [
  /digests? (are|is) not matching|digest mismatch/i,
  /DivergenceError|does not fit the tree/,
  /NullPointerException|ClassCastException|IndexOutOfBounds|BufferUnderflow|Unreasonable length/,
]

/**
 * What Apache logs about a peer that it does not understand (LOG.error and LOG.warn of Leader,
 * LearnerHandler, Learner, Follower). Its other errors after a fault concern sockets and interrupted threads,
 * in more ways than can be listed.
 */
const MISUNDERSTANDINGS = [
  /First packet .* is not|is not ACKEPOCH|supposed to be an ACK|should have been NEWLEADER|Missing signature/,
  /unexpected (quorum )?packet|Unknown packet type|Got more than just an xid|received before ACK for/,
  /next proposal is|next pending txn|without seeing txn|Going to commit null|future proposal|not first!/,
  /Not expecting a sync|UPTODATE message after|Unable to load database|is less than our accepted epoch/,
  /downstream processor, unable to continue|NEWLEADER ACK from sid/,
]

/** The loggers of the part of Apache that communicates with other members. */
const OF_PEERS = /"logger":"(Leader|Learner|Follower|Observer|QuorumPeer|QuorumCnxManager|FastLeaderElection)/

/** Faults that Apache is known to cause itself, and survives. */
const KNOWN_FAULTS: readonly RegExp[] = [
  // ZOOKEEPER-4409: a follower writes an ACK while its connection is being given up.
  /NullPointerException.*learner\.sock.*SendAckRequestProcessor\.(flush|processRequest)/s,
  // With reconfigEnabled an election starts anew when a notification carries a later configuration: the old
  // one ends without a leader, and what remained to be sent in it meets closed executors. The member resumes
  // looking at once.
  /NullPointerException.*leaderServer.*Follower\.followLeader/s,
  /RejectedExecutionException.*QuorumConnectionReqThread/s,
]

/**
 * ZOOKEEPER-4685: an Apache follower's log acknowledges what came with the sync before it acknowledges
 * NEWLEADER.
 */
const EARLY_ACK = /NEWLEADER ACK from sid: (\d+) is from a different epoch/

/**
 * ZOOKEEPER-4394: a COMMIT between NEWLEADER and UPTODATE, which no leader of ours sends; the follower starts
 * over.
 */
const COMMIT_IN_SYNC = /NullPointerException.*pif\\?" is null.*Learner\.syncWithLeader/s

/**
 * An Apache learner whose sync by DIFF was cut short logs the same transactions again in its next sync (in
 * pure Apache ensembles, too). Its next start replays them over a tree that is ahead of them, and reports
 * that each one's digest differs.
 */
const LOGGED_AGAIN = /^\d+\(highestZxid\) > (\d+)\(next log\)/
const DIGEST_DIFFERS =
  /Digests are not matching\. Value is Zxid\. (?:Last v|V)alue:(\d+)|First digest mismatch on txn: (?:-?\d+,){2}(\d+),/

export interface Circumstances {
  /** Whether any member was killed, stopped or frozen. */
  readonly hadFaults: boolean
  engineOf(member: number): Engine
}

/**
 * Records about a member that is wrong or is not understood; without faults, about any trouble between
 * members.
 */
export function unexplained(
  engine: Engine,
  records: readonly LogRecord[],
  { hadFaults, engineOf }: Circumstances,
): string[] {
  let leader: number | null = null
  const loggedAgain = new Set(records.map(({ message }) => LOGGED_AGAIN.exec(message)?.[1]))
  const isKnown = (text: string) => {
    if (!hadFaults) return false
    const digest = DIGEST_DIFFERS.exec(text)
    if (digest !== null) return loggedAgain.has(digest[1] ?? digest[2])
    const early = EARLY_ACK.exec(text)
    if (early !== null) return engineOf(Number(early[1])) === 'apache'
    if (COMMIT_IN_SYNC.test(text)) return leader !== null && engineOf(leader) === 'apache'
    return KNOWN_FAULTS.some((known) => known.test(text))
  }
  const isBadOfApache = ({ level, text }: LogRecord) => {
    const tells = [...DISASTERS, ...MISUNDERSTANDINGS].some((known) => known.test(text))
    return (tells || (level === 'error' && !hadFaults && OF_PEERS.test(text))) && !isKnown(text)
  }
  const isBadOfOurs = ({ level, text }: LogRecord) =>
    level === 'error' || DISASTERS.some((disaster) => disaster.test(text))
  return records
    .filter((record) => {
      if (record.message === 'FOLLOWING') leader = Number(/"leader":(\d+)/.exec(record.text)?.[1])
      return engine === 'apache' ? isBadOfApache(record) : isBadOfOurs(record)
    })
    .map(({ text }) => text)
}

/** Records that come with every client, and do not indicate a failure. */
const CHATTER =
  /Processing (srvr|ruok) command|Committing global session|Submitting global closeSession|got auth packet|auth success for scheme/

/** The last informative records, for people. */
export function lastRecords(records: readonly LogRecord[], count: number): string[] {
  return records
    .filter(({ level, message }) => level !== 'debug' && !CHATTER.test(message))
    .slice(-count)
    .map(({ text }) => text)
}
