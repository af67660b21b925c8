/**
 * How large what is committed may become. Every learner must read it, and every server that ever takes over
 * the log, Apache's among them. What would be too large is refused before it is proposed. Apache 3.8.0
 * proposes it: its followers leave, and the leader, in whose log it stands, never starts again (verified
 * against Apache 3.8.0).
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
 * What Apache reads of a proposal or of a log's entry: jute.maxbuffer and the extra size
 * (BinaryInputArchive).
 */
export function mostTransactionBytes(limits: JuteLimits): number {
  const { juteMaxBuffer = DEFAULT_MAX_BUFFER, juteMaxBufferExtraSize = juteMaxBuffer } = limits
  return juteMaxBuffer + Math.max(LEAST_EXTRA_SIZE, juteMaxBufferExtraSize)
}
