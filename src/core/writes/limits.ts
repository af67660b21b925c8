/**
 * The greatest size of a transaction. Every learner must be able to read it, and every server that ever takes
 * over the log, including Apache's. A request that would become larger is refused before it is proposed.
 * Apache proposes it: its followers leave, and the leader, whose log contains it, never starts again
 * (verified against Apache 3.8.0).
 */

/** jute.maxbuffer's default. */
export const DEFAULT_MAX_BUFFER = 0xfffff

/** Apache never takes a smaller jute.maxbuffer.extrasize than this (BinaryInputArchive.extraMaxBuffer). */
const LEAST_EXTRA_SIZE = 1024

export interface JuteLimits {
  /** jute.maxbuffer. */
  readonly juteMaxBuffer?: number
  /** jute.maxbuffer.extrasize: as much as jute.maxbuffer unless given. */
  readonly juteMaxBufferExtraSize?: number
}

/**
 * The most that Apache reads of a proposal or of a log entry: jute.maxbuffer and the extra size
 * (BinaryInputArchive).
 */
export function mostTransactionBytes(limits: JuteLimits): number {
  const { juteMaxBuffer = DEFAULT_MAX_BUFFER, juteMaxBufferExtraSize = juteMaxBuffer } = limits
  return juteMaxBuffer + Math.max(LEAST_EXTRA_SIZE, juteMaxBufferExtraSize)
}
