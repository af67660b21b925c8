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
 * What Apache logs as an error when a member that it talks to goes away, is frozen, or comes back late. The exception is in the
 * stack.
 */
const OF_FAULTS: readonly RegExp[] = [
  /(LearnerHandler|FollowerRequestProcessor|while sock still open).*(EOFException|SocketException|SocketTimeoutException)/s,
  // An elected leader that is gone, or has not heard yet that it is elected, has no open quorum port: the learner looks again.
  /(retries exceeded|Failed connect to).*ConnectException.*Learner/s,
  // LearnerHandler.syncFollower, of a learner that is neither behind, nor ahead, nor known; a SNAP serves it.
  /Unhandled scenario for peer sid: \d+ fall back to use snapshot/,
]

/** What Apache is known to do to itself, and survives. */
const KNOWN_FAULTS: readonly RegExp[] = [
  // ZOOKEEPER-4409: a follower that writes an ACK while its connection is being given up.
  /NullPointerException.*learner\.sock.*SendAckRequestProcessor\.(flush|processRequest)/s,
  // With reconfigEnabled an election begins anew when a notification brings a later configuration: the old one ends without a
  // leader, and what was to be sent in it meets closed executors. The member looks again at once.
  /NullPointerException.*leaderServer.*Follower\.followLeader/s,
  /RejectedExecutionException.*QuorumConnectionReqThread/s,
]

/** ZOOKEEPER-4394: a COMMIT between NEWLEADER and UPTODATE, which no leader of ours sends; the follower begins anew. */
const COMMIT_IN_SYNC = /NullPointerException.*pif\\?" is null.*Learner\.syncWithLeader/s

export interface Circumstances {
  /** Whether anybody was killed, stopped or frozen. */
  readonly hadFaults: boolean
  engineOf(member: number): Engine
}

/** Records that neither the end of a member nor that of a client explains. */
export function unexplained(
  engine: Engine,
  records: readonly LogRecord[],
  { hadFaults, engineOf }: Circumstances,
): string[] {
  let leader: number | null = null
  const isExplained = ({ text }: LogRecord) => {
    if (engine !== 'apache' || !hadFaults) return false
    if (COMMIT_IN_SYNC.test(text)) return leader !== null && engineOf(leader) === 'apache'
    return [...OF_FAULTS, ...KNOWN_FAULTS].some((known) => known.test(text))
  }
  return records
    .filter((record) => {
      const { level, message, text } = record
      if (message === 'FOLLOWING') leader = Number(/"leader":(\d+)/.exec(text)?.[1])
      const isBad = level === 'error' || DISASTERS.some((disaster) => disaster.test(text))
      return isBad && !isExplained(record)
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
