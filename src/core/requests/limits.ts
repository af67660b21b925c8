/**
 * How large what is committed may become. Whatever is committed must be read by every learner, from every log, now and
 * at every start: what would be too large is refused before it is proposed. Apache proposes it: the learners cannot
 * read it, nor can the leader after a restart, and the ensemble is lost.
 */

/** jute.maxbuffer's default. */
export const DEFAULT_MAX_BUFFER = 0xfffff

/**
 * Bytes of a client's request as a transaction. A string that is no UTF-8 takes three times its room; beyond that only
 * `auth` in ACLs grows, which stands for all ids of a client. Apache reads back jute.maxbuffer twice at most.
 */
export function mostTransactionBytes(juteMaxBuffer: number): number {
  return 4 * juteMaxBuffer
}

/**
 * Bytes of the names of one session's ephemerals, all of which its closeSession names: a quarter of what a learner
 * reads of one transaction, or may leave unread.
 */
export const MOST_EPHEMERAL_BYTES = 64 * 1024 * 1024
