/**
 * Why a data directory cannot be used, or can be used no longer. Each kind calls for another answer by a
 * person, so it is a code; the message says what, where (file and offset) and what to do next.
 */
export type StorageErrorCode =
  /** Bytes that were once whole are not any more, or part of the history is missing. */
  | 'damaged'
  /** All that is left is whole, but the history ends before what this member once held durably. */
  | 'history-lost'
  /** Written by a later version, or in a way this version cannot read. Nothing was touched. */
  | 'not-understood'
  /** The directories do not belong together, or the epochs contradict the log. */
  | 'inconsistent'
  /** Another member uses the directory. */
  | 'locked'
  /** A directory is missing and may not be created, or cannot be written. */
  | 'missing'
  /** A write or fsync failed: what is on disk is uncertain, so this member must end. */
  | 'write-failed'

export class StorageError extends Error {
  override name = 'StorageError'
  readonly code: StorageErrorCode
  /** The file or directory that it is about. */
  readonly path: string
  /** Byte offset in that file, null where there is none. */
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

  /** For an error that nothing was known to be done about where it was made. */
  withHint(hint: string): this {
    this.message = `${this.message}. ${hint}`
    return this
  }
}

/** The peer, which knows its id, puts it in (peer/exit.ts). */
export const RESYNC_COMMAND = 'zk-pseudo start <id> --resync'

/** What brings a member back whose data cannot be used. */
export const RESYNC_HINT = `In an ensemble, ${RESYNC_COMMAND} sets the data of this member aside and takes everything from the leader`

/**
 * What to do about damage; both ways out are named because the files do not say which kind of member it is.
 */
export const DAMAGE_HINT =
  `${RESYNC_HINT}. ` +
  'Standalone, restore a backup, or give up what follows the damage: ' +
  "a log with Apache ZooKeeper's zkTxnLogToolkit.sh -r, a snapshot by moving it away"

export const HISTORY_LOST_HINT = `${RESYNC_HINT}. Standalone, restore a backup, or remove version-2/zk-pseudo.history to continue without what is lost`

export const LATER_VERSION_HINT = `Nothing was changed; open this directory with the version that wrote it. ${RESYNC_HINT}`
