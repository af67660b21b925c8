/**
 * Checks at every start of a member that its dataDir still holds its own data, as its `myid` says. Between
 * two starts the folder may have been exchanged, emptied or edited, and a member that serves the history of
 * another one undoes what the ensemble has agreed on.
 */
import { join } from 'node:path'
import { isDistributed, type ServerConfig } from '../serverConfig.ts'
import { readMyid } from './load.ts'

/** It has the shape of an OperationError. */
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

/** Call this at every start of a member. @throws IdentityError before anything is touched */
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
