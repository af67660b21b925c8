/**
 * Whose data a dataDir holds is what its `myid` says, now: between two starts of a member somebody may have exchanged,
 * emptied or edited the folder, and a member that serves another one's history undoes what the ensemble agreed on.
 */
import { join } from 'node:path'
import { isDistributed, type ServerConfig } from '../serverConfig.ts'
import { readMyid } from './load.ts'

/** In the shape of an OperationError. */
export class IdentityError extends Error {
  override name = 'IdentityError'
  readonly code = 'WRONG_MYID'
  /** What to do next. */
  readonly hint: string
  readonly exitCode = 1

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** To be called at every start of a member. @throws IdentityError; nothing was touched */
export function requireIdentity(config: ServerConfig): void {
  const { sid, dataDir, file } = config
  if (!isDistributed(config) || sid === null) return
  const myid = readMyid(config)
  if (myid.kind === 'present' && myid.sid === sid) return
  const path = join(dataDir, 'myid')
  const must = `member ${sid} was not started: ${path}`
  switch (myid.kind) {
    case 'absent':
      throw new IdentityError(
        `${must} is missing, and must say ${sid}`,
        `if this is the data of member ${sid}: echo ${sid} > ${path}; otherwise put its dataDir back where ${file} expects it`,
      )
    case 'faulty':
      throw new IdentityError(
        `${must}: ${myid.problem.message}; it must say ${sid}`,
        `if this is the data of member ${sid}: echo ${sid} > ${path}`,
      )
    case 'present':
      throw new IdentityError(
        `${must} says ${myid.sid}, and must say ${sid}`,
        `this may be the data of member ${myid.sid}: put each member's dataDir back where its config expects it; only if the number alone was changed: echo ${sid} > ${path}`,
      )
  }
}
