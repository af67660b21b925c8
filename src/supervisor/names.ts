/** The names of clusters: each cluster has a folder of its own, and a folder belongs to one name. */
import { randomBytes } from 'node:crypto'
import { OperationError, usageError } from '../api/operationError.ts'
import { usualName } from './folder/presence.ts'

const LONGEST_NAME = 64

/** @throws OperationError when it cannot be a folder's name */
export function checkName(name: string): void {
  const isFit = /^[^/\\\p{Cc}]+$/u.test(name) && name !== '.' && name !== '..' && name.trim() === name
  if (isFit && Buffer.byteLength(name) <= LONGEST_NAME) return
  throw usageError(
    `"${name}" cannot be a cluster's name`,
    `a name has 1 to ${LONGEST_NAME} bytes, and no slash, backslash or control character; it is not . or ..`,
  )
}

/** @param owner the name of the folder's cluster @throws OperationError if `asked` is a different name */
export function checkOwner(dir: string, owner: string | undefined, asked: string | null): void {
  if (!owner || asked === null || owner === asked) return
  const option = owner === usualName(dir) ? '' : ` --name ${owner}`
  throw new OperationError(
    'DIR_IN_USE',
    `${dir} belongs to the cluster ${owner}, not to ${asked}`,
    `start ${asked} in a folder of its own: --dir FOLDER, or start ${owner}: zk-pseudo up --dir ${dir}${option}`,
  )
}

export function defaultName(dir: string): string {
  return usualName(dir) || `cluster-${randomBytes(3).toString('hex')}`
}
