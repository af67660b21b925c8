/** Why a member ended by itself. The codes are the names of Apache's ExitCode. */
import { RESYNC_COMMAND, StorageError } from '../storage/errors.ts'
import { systemTrouble } from '../systemError.ts'

export interface PeerExit {
  readonly code: string
  readonly reason: string
}

/** The configuration asks for something that is not available. The message says where and what. */
export class StartError extends Error {
  override name = 'StartError'
}

/** @param sid the member that ends */
export function exitOf(error: unknown, sid: number): PeerExit {
  if (error instanceof StartError) return { code: 'INVALID_INVOCATION', reason: error.message }
  const trouble =
    error instanceof StorageError ? systemTrouble(error.cause, error.path) : systemTrouble(error)
  if (trouble !== null) {
    const reason = `${trouble.message}; ${trouble.hint}; then start this member again`
    return { code: 'UNABLE_TO_ACCESS_DATADIR', reason }
  }
  if (error instanceof StorageError) {
    const command = RESYNC_COMMAND.replace('<id>', String(sid))
    const reason = error.message.replaceAll(RESYNC_COMMAND, command)
    return { code: 'UNABLE_TO_ACCESS_DATADIR', reason }
  }
  if (error instanceof Error) return { code: 'UNEXPECTED_ERROR', reason: error.stack ?? error.message }
  return { code: 'UNEXPECTED_ERROR', reason: String(error) }
}
