/** The members' logs as their supervisor keeps them, and which of their records nothing explains. */
import type { Engine } from '../../src/ensemble/index.ts'

export interface LogRecord {
  /** ms since 1970. */
  readonly time: number
  readonly level: string
  readonly message: string
  /** For people: time, level, message and whatever else the record has. */
  readonly text: string
}

/** Pino's numbers. */
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

/** Never to be seen, whatever its level: a tree that is not what it should be, or a peer that was not understood. */
const DISASTERS = [
  /digests? (are|is) not matching|digest mismatch/i,
  /DivergenceError|does not fit the tree/,
  /NullPointerException|ClassCastException|IndexOutOfBounds|BufferUnderflow|Unreasonable length/,
]

/**
 * What Apache says of a peer that it does not understand (LOG.error and LOG.warn of Leader, LearnerHandler, Learner, Follower).
 * Its other errors after a fault tell of sockets and interrupted threads, in more ways than can be listed.
 */
const MISUNDERSTANDINGS = [
  /First packet .* is not|is not ACKEPOCH|supposed to be an ACK|should have been NEWLEADER|Missing signature/,
  /unexpected (quorum )?packet|Unknown packet type|Got more than just an xid|received before ACK for/,
  /next proposal is|next pending txn|without seeing txn|Going to commit null|future proposal|not first!/,
  /Not expecting a sync|UPTODATE message after|Unable to load database|is less than our accepted epoch/,
  /downstream processor, unable to continue|NEWLEADER ACK from sid/,
]

/** The part of Apache that speaks to other members. */
const OF_PEERS = /"logger":"(Leader|Learner|Follower|Observer|QuorumPeer|QuorumCnxManager|FastLeaderElection)/

/** What Apache is known to do to itself, and survives. */
const KNOWN_FAULTS: readonly RegExp[] = [
  // ZOOKEEPER-4409: a follower that writes an ACK while its connection is being given up.
  /NullPointerException.*learner\.sock.*SendAckRequestProcessor\.(flush|processRequest)/s,
  // With reconfigEnabled an election begins anew when a notification brings a later configuration: the old one ends without a
  // leader, and what was to be sent in it meets closed executors. The member looks again at once.
  /NullPointerException.*leaderServer.*Follower\.followLeader/s,
  /RejectedExecutionException.*QuorumConnectionReqThread/s,
]

/** ZOOKEEPER-4685: an Apache follower's log acknowledges what came with the sync before NEWLEADER is acknowledged. */
const EARLY_ACK = /NEWLEADER ACK from sid: (\d+) is from a different epoch/

/** ZOOKEEPER-4394: a COMMIT between NEWLEADER and UPTODATE, which no leader of ours sends; the follower begins anew. */
const COMMIT_IN_SYNC = /NullPointerException.*pif\\?" is null.*Learner\.syncWithLeader/s

/**
 * An Apache learner whose sync by DIFF was cut short logs the same transactions again in its next (also among Apache's own). Its
 * next start replays them over a tree that is ahead of them, and says that each one's digest differs.
 */
const LOGGED_AGAIN = /^\d+\(highestZxid\) > (\d+)\(next log\)/
const DIGEST_DIFFERS =
  /Digests are not matching\. Value is Zxid\. (?:Last v|V)alue:(\d+)|First digest mismatch on txn: (?:-?\d+,){2}(\d+),/

export interface Circumstances {
  /** Whether anybody was killed, stopped or frozen. */
  readonly hadFaults: boolean
  engineOf(member: number): Engine
}

/** Records that tell of a member that is wrong or is not understood; without faults, of any trouble among members. */
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

/** Records that come with every client, and tell nothing of a failure. */
const CHATTER =
  /Processing srvr command|Committing global session|Submitting global closeSession|got auth packet|auth success for scheme/

/** The last records that tell something, for people. */
export function lastRecords(records: readonly LogRecord[], count: number): string[] {
  return records
    .filter(({ level, message }) => level !== 'debug' && !CHATTER.test(message))
    .slice(-count)
    .map(({ text }) => text)
}
