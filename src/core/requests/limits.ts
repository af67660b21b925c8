/**
 * How large what is committed may become. Every learner must read it, and every server that ever takes over the log,
 * Apache's among them. What would be too large is refused before it is proposed. Apache 3.8.0 proposes it: its
 * followers leave, and the leader, in whose log it stands, never starts again (verified against Apache 3.8.0).
 */

/** jute.maxbuffer's default. */
export const DEFAULT_MAX_BUFFER = 0xfffff

/** What Apache reads of a proposal or of a log's entry: jute.maxbuffer and the extra size (BinaryInputArchive). */
export function mostTransactionBytes(juteMaxBuffer: number): number {
  return juteMaxBuffer + Math.max(1024, juteMaxBuffer)
}
