/** Members that were started and crashed: the others may serve, but the request has not been fulfilled. */
import { OperationError } from '../api/operationError.ts'
import type { Member } from './member.ts'

/** Null if none of them crashed. */
export function startFailure(members: readonly Member[]): OperationError | null {
  const crashed = members.filter(({ state }) => state === 'crashed')
  const [first] = crashed
  if (first === undefined) return null
  const each = crashed.map(({ id, exit }) => `member ${id} crashed (${exit})`)
  const lines = crashed.flatMap(({ exitLines }) => exitLines)
  return new OperationError(
    'CRASHED',
    each.join('; '),
    [...lines, `see more: zk-pseudo logs ${first.id}`].join('\n'),
  )
}
