/**
 * Why a data directory cannot be used, or can no longer be used. Each kind of failure calls for a different
 * response from a person, so each has a code. The message says what is wrong, where (file and offset) and
 * what to do next.
 */
export type StorageErrorCode =
  /** Bytes that were once intact no longer are, or part of the history is missing. */
  | 'damaged'
  /** Everything that is left is intact, but the history ends before what this member once held durably. */
  | 'history-lost'
  /**
   * The data was written by a later version, or in a way that this version cannot read. Nothing was changed.
   */
  | 'not-understood'
  /** The directories do not belong together, or the epochs contradict the log. */
  | 'inconsistent'
  /** Another member uses the directory. */
  | 'locked'
  /** A directory is missing and may not or cannot be created. */
  | 'missing'
  /** A write or fsync failed: what is on disk is uncertain, so this member must end. */
  | 'write-failed'

export class StorageError extends Error {
  override name = 'StorageError'
  readonly code: StorageErrorCode
  /** The file or directory that the error is about. */
  readonly path: string
  /** Byte offset in that file; null where there is none. */
  readonly offset: number | null

  constructor(
    code: StorageErrorCode,
    path: string,
    what: string,
    options: { offset?: number; hint?: string; cause?: unknown } = {},
  ) {
    const where = options.offset === undefined ? path : `${path} at offset ${options.offset}`
    const hint = options.hint === undefined ? '' : `. ${options.hint}`
    super(`${where}: ${what}${hint}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.path = path
    this.offset = options.offset ?? null
  }

  /** Adds a hint to an error that was created where it was not yet known what to do about it. */
  withHint(hint: string): this {
    this.message = `${this.message}. ${hint}`
    return this
  }
}

/** The peer knows its id and replaces `<id>` with it (peer/exit.ts). */
export const RESYNC_COMMAND = 'zk-pseudo start <id> --resync'

/** How to bring back a member whose data cannot be used. */
export const RESYNC_HINT = `In an ensemble, ${RESYNC_COMMAND} sets the data of this member aside and takes everything from the leader`

/**
 * What to do about damage. Both remedies are named, because the files do not tell whether the member is
 * standalone.
 */
export const DAMAGE_HINT =
  `${RESYNC_HINT}. ` +
  'Standalone, restore a backup, or give up what follows the damage: ' +
  "a log with Apache ZooKeeper's zkTxnLogToolkit.sh -r, a snapshot by moving it away"

export const HISTORY_LOST_HINT = `${RESYNC_HINT}. Standalone, restore a backup, or remove version-2/zk-pseudo.history to continue without what is lost`

export const LATER_VERSION_HINT = `Nothing was changed; open this directory with the version that wrote it. ${RESYNC_HINT}`
