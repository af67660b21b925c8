/**
 * `enableEagerACLCheck`: the member that a client is connected to refuses what its own tree forbids, before
 * the leader hears of it (ZooKeeperServer.authWriteRequest). No transaction is made of such a request.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { decode } from '../../protocol/jute.ts'
import { OpCode, Permission } from '../../protocol/opcodes.ts'
import { DecodeError } from '../../protocol/reader.ts'
import { CreateRequest, DeleteRequest, SetAclRequest, SetDataRequest } from '../../protocol/records/client.ts'
import type { Id } from '../../protocol/records/data.ts'
import { type AclSchemes, fixupAcl, permits } from '../../tree/acl.ts'
import type { DataTree } from '../../tree/dataTree.ts'
import { isProtected, parentOf } from '../../tree/paths.ts'

interface EagerContext {
  readonly tree: DataTree
  readonly ids: readonly Id[]
  readonly schemes: AclSchemes
  readonly skipAcl: boolean
  /** See limits.ts. */
  readonly mostBytes: number
}

/** NoAuth or InvalidAcl; Ok where the request may proceed to the leader, which finds every other mistake. */
export function eagerRefusal(context: EagerContext, type: number, body: Buffer): ErrorCode {
  try {
    check(context, type, body)
    return ErrorCode.Ok
  } catch (error) {
    if (error instanceof DecodeError) return ErrorCode.Ok
    if (error instanceof KeeperError) return error.code
    throw error
  }
}

function check(context: EagerContext, type: number, body: Buffer): void {
  switch (type) {
    case OpCode.create:
    case OpCode.create2: {
      const { path, acl } = decode(CreateRequest, body)
      fixupAcl(path, acl, context.ids, context.schemes, context.mostBytes)
      require(context, parentToChange(path), Permission.create)
      break
    }
    case OpCode.delete:
      require(context, parentToChange(decode(DeleteRequest, body).path), Permission.delete)
      break
    case OpCode.setData:
      require(context, decode(SetDataRequest, body).path, Permission.write)
      break
    case OpCode.setAcl: {
      const { path, acl } = decode(SetAclRequest, body)
      fixupAcl(path, acl, context.ids, context.schemes, context.mostBytes)
      require(context, path, Permission.admin)
      break
    }
  }
}

/** null for a path that is refused for other reasons. */
function parentToChange(path: string): string | null {
  return path.includes('\0') || isProtected(path) ? null : parentOf(path)
}

function require(
  { tree, ids, schemes, skipAcl }: EagerContext,
  path: string | null,
  permission: number,
): void {
  const node = path === null ? undefined : tree.node(path)
  if (skipAcl || node === undefined) return
  if (!permits(tree.aclOf(node), permission, ids, schemes)) throw new KeeperError(ErrorCode.NoAuth)
}
