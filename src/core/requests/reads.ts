/** Reads, answered from this member's own tree (FinalRequestProcessor). Each writes its reply's body or throws. */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { OpCode, Permission } from '../../protocol/opcodes.ts'
import type { Reader } from '../../protocol/reader.ts'
import {
  ExistsResponse,
  GetAclResponse,
  GetChildren2Response,
  GetChildrenResponse,
  GetDataResponse,
  PathRequest,
  SetWatches,
  WatchableReadRequest,
} from '../../protocol/records/client.ts'
import type { Id } from '../../protocol/records/data.ts'
import type { Writer } from '../../protocol/writer.ts'
import { maskDigests, permits } from '../../tree/acl.ts'
import { OPEN_ACL_ID } from '../../tree/aclTable.ts'
import type { DataTree } from '../../tree/dataTree.ts'
import type { Watches } from '../../tree/watches.ts'
import type { Znode } from '../../tree/znode.ts'

export interface ReadContext {
  readonly tree: DataTree
  readonly watches: Watches
  readonly skipAcl: boolean
  readonly connection: number
  readonly ids: readonly Id[]
}

export function isRead(type: number): boolean {
  switch (type) {
    case OpCode.exists:
    case OpCode.getData:
    case OpCode.getAcl:
    case OpCode.getChildren:
    case OpCode.getChildren2:
    case OpCode.setWatches:
    case OpCode.ping:
      return true
    default:
      return false
  }
}

function requireNode(tree: DataTree, path: string): Znode {
  const node = tree.node(path)
  if (node === undefined) throw new KeeperError(ErrorCode.NoNode, path)
  return node
}

function requirePermission(context: ReadContext, node: Znode, permission: number): void {
  if (node.aclId === OPEN_ACL_ID || context.skipAcl) return
  if (!permits(context.tree.aclOf(node), permission, context.ids)) throw new KeeperError(ErrorCode.NoAuth)
}

/** @throws KeeperError, DecodeError */
export function executeRead(context: ReadContext, type: number, reader: Reader, writer: Writer): void {
  switch (type) {
    case OpCode.exists:
      exists(context, reader, writer)
      break
    case OpCode.getData:
      getData(context, reader, writer)
      break
    case OpCode.getChildren:
    case OpCode.getChildren2:
      getChildren(context, type, reader, writer)
      break
    case OpCode.getAcl:
      getAcl(context, reader, writer)
      break
    case OpCode.setWatches:
      context.watches.restore(context.tree, context.connection, SetWatches.read(reader))
      break
    case OpCode.ping:
      break
    default:
      throw new KeeperError(ErrorCode.Unimplemented)
  }
}

/** The watch is set on a path without a node, too. */
function exists({ tree, watches, connection }: ReadContext, reader: Reader, writer: Writer): void {
  const { path, watch } = WatchableReadRequest.read(reader)
  // Asked Apache 3.8.0: of all reads only this one looks at the path.
  if (path.includes('\0')) throw new KeeperError(ErrorCode.BadArguments, path)
  if (watch) watches.watchData(path, connection)
  ExistsResponse.write(writer, { stat: tree.statOf(requireNode(tree, path)) })
}

function getData(context: ReadContext, reader: Reader, writer: Writer): void {
  const { tree } = context
  const { path, watch } = WatchableReadRequest.read(reader)
  const node = requireNode(tree, path)
  requirePermission(context, node, Permission.read)
  if (watch) context.watches.watchData(path, context.connection)
  GetDataResponse.write(writer, { data: node.data, stat: tree.statOf(node) })
}

function getChildren(context: ReadContext, type: 8 | 12, reader: Reader, writer: Writer): void {
  const { tree } = context
  const { path, watch } = WatchableReadRequest.read(reader)
  const node = requireNode(tree, path)
  requirePermission(context, node, Permission.read)
  if (watch) context.watches.watchChildren(path, context.connection)
  const children = [...(node.children ?? [])]
  if (type === OpCode.getChildren) GetChildrenResponse.write(writer, { children })
  else GetChildren2Response.write(writer, { children, stat: tree.statOf(node) })
}

/** READ or ADMIN is enough; without ADMIN passwords' hashes are hidden. */
function getAcl(context: ReadContext, reader: Reader, writer: Writer): void {
  const { tree } = context
  const { path } = PathRequest.read(reader)
  const node = requireNode(tree, path)
  requirePermission(context, node, Permission.read | Permission.admin)
  const acl = tree.aclOf(node)
  const isAdmin = context.skipAcl || permits(acl, Permission.admin, context.ids)
  GetAclResponse.write(writer, { acl: isAdmin ? [...acl] : maskDigests(acl), stat: tree.statOf(node) })
}
