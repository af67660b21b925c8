/**
 * Reads, answered from this member's own tree (FinalRequestProcessor). Each writes its reply's body or
 * throws.
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import type { SessionId } from '../../protocol/ids.ts'
import { OpCode, Permission } from '../../protocol/opcodes.ts'
import type { Reader } from '../../protocol/reader.ts'
import {
  AddWatchRequest,
  AnyPathRequest,
  CheckWatchesRequest,
  ErrorResponse,
  ExistsResponse,
  GetAclResponse,
  GetAllChildrenNumberResponse,
  GetChildren2Response,
  GetChildrenResponse,
  GetDataResponse,
  GetEphemeralsResponse,
  PathRequest,
  RemoveWatchesRequest,
  SetWatches,
  SetWatches2,
  WatchableReadRequest,
  WhoAmIResponse,
} from '../../protocol/records/client.ts'
import type { Id } from '../../protocol/records/data.ts'
import type { Writer } from '../../protocol/writer.ts'
import { type AclSchemes, maskDigests, permits } from '../../tree/acl.ts'
import { OPEN_ACL_ID } from '../../tree/aclTable.ts'
import type { DataTree } from '../../tree/dataTree.ts'
import type { Watches } from '../../tree/watches.ts'
import type { Znode } from '../../tree/znode.ts'
import { executeMultiRead, readMultiRead, writeMultiReadResults } from './multiRead.ts'

interface ReadContext {
  readonly tree: DataTree
  readonly watches: Watches
  readonly skipAcl: boolean
  readonly schemes: AclSchemes
  readonly connection: number
  readonly sessionId: SessionId
  readonly ids: readonly Id[]
}

/** @throws KeeperError, DecodeError */
type Read = (context: ReadContext, reader: Reader, writer: Writer) => void

const READS: Readonly<Record<number, Read>> = {
  [OpCode.exists]: exists,
  [OpCode.getData]: (context, reader, writer) =>
    GetDataResponse.write(writer, readData(context, WatchableReadRequest.read(reader))),
  [OpCode.getAcl]: getAcl,
  [OpCode.getChildren]: (context, reader, writer) =>
    GetChildrenResponse.write(writer, readChildren(context, WatchableReadRequest.read(reader))),
  [OpCode.getChildren2]: (context, reader, writer) =>
    GetChildren2Response.write(writer, readChildren(context, WatchableReadRequest.read(reader))),
  [OpCode.ping]: () => {},
  [OpCode.checkWatches]: checkWatches,
  [OpCode.removeWatches]: removeWatches,
  [OpCode.setWatches]: ({ watches, tree, connection }, reader) =>
    watches.restore(tree, connection, SetWatches.read(reader)),
  [OpCode.setWatches2]: ({ watches, tree, connection }, reader) =>
    watches.restore(tree, connection, SetWatches2.read(reader)),
  [OpCode.addWatch]: addWatch,
  [OpCode.getEphemerals]: getEphemerals,
  [OpCode.getAllChildrenNumber]: getAllChildrenNumber,
  [OpCode.whoAmI]: whoAmI,
  [OpCode.multiRead]: multiRead,
}

export function isRead(type: number): boolean {
  return READS[type] !== undefined
}

/** @throws KeeperError, DecodeError */
export function executeRead(context: ReadContext, type: number, reader: Reader, writer: Writer): void {
  const read = READS[type]
  if (read === undefined) throw new KeeperError(ErrorCode.Unimplemented)
  read(context, reader, writer)
}

function requireNode(tree: DataTree, path: string): Znode {
  const node = tree.node(path)
  if (node === undefined) throw new KeeperError(ErrorCode.NoNode, path)
  return node
}

function requirePermission(context: ReadContext, node: Znode, permission: number): void {
  if (node.aclId === OPEN_ACL_ID || context.skipAcl) return
  if (!permits(context.tree.aclOf(node), permission, context.ids, context.schemes))
    throw new KeeperError(ErrorCode.NoAuth)
}

/** The watch is set on a path without a node, too. 3.8.0 asks no ACL here; 3.8.4 asks for READ. */
function exists({ tree, watches, connection }: ReadContext, reader: Reader, writer: Writer): void {
  const { path, watch } = WatchableReadRequest.read(reader)
  // Verified against Apache 3.8.0: of all reads only this one looks at the path.
  if (path.includes('\0')) throw new KeeperError(ErrorCode.BadArguments, path)
  if (watch) watches.watchData(path, connection)
  ExistsResponse.write(writer, { stat: tree.statOf(requireNode(tree, path)) })
}

/** @throws KeeperError NoNode, NoAuth: then no watch is set */
function readData(context: ReadContext, { path, watch }: WatchableReadRequest): GetDataResponse {
  const { tree } = context
  const node = requireNode(tree, path)
  requirePermission(context, node, Permission.read)
  if (watch) context.watches.watchData(path, context.connection)
  return { data: node.data, stat: tree.statOf(node) }
}

/**
 * The names in no order, and the parent's stat.
 * @throws KeeperError NoNode, NoAuth: then no watch is set
 */
function readChildren(context: ReadContext, { path, watch }: WatchableReadRequest): GetChildren2Response {
  const { tree } = context
  const node = requireNode(tree, path)
  requirePermission(context, node, Permission.read)
  if (watch) context.watches.watchChildren(path, context.connection)
  return { children: [...(node.children?.keys() ?? [])], stat: tree.statOf(node) }
}

function multiRead(context: ReadContext, reader: Reader, writer: Writer): void {
  const results = executeMultiRead(readMultiRead(reader), {
    getData: (path) => readData(context, { path, watch: false }),
    getChildren: (path) => readChildren(context, { path, watch: false }),
  })
  writeMultiReadResults(writer, results)
}

/** READ or ADMIN is enough; without ADMIN passwords' hashes are hidden. */
function getAcl(context: ReadContext, reader: Reader, writer: Writer): void {
  const { tree } = context
  const { path } = PathRequest.read(reader)
  const node = requireNode(tree, path)
  requirePermission(context, node, Permission.read | Permission.admin)
  const acl = tree.aclOf(node)
  const isAdmin = context.skipAcl || permits(acl, Permission.admin, context.ids, context.schemes)
  GetAclResponse.write(writer, { acl: isAdmin ? [...acl] : maskDigests(acl), stat: tree.statOf(node) })
}

function checkWatches({ watches, connection }: ReadContext, reader: Reader): void {
  const { path, type } = CheckWatchesRequest.read(reader)
  if (!watches.has(path, connection, type)) throw new KeeperError(ErrorCode.NoWatcher, path)
}

function removeWatches({ watches, connection }: ReadContext, reader: Reader): void {
  const { path, type } = RemoveWatchesRequest.read(reader)
  if (!watches.unwatch(path, connection, type)) throw new KeeperError(ErrorCode.NoWatcher, path)
}

/** The node's ACL is checked when there is an event to send. */
function addWatch({ watches, connection }: ReadContext, reader: Reader, writer: Writer): void {
  const { path, mode } = AddWatchRequest.read(reader)
  watches.watch(path, connection, mode)
  ErrorResponse.write(writer, { err: ErrorCode.Ok })
}

/** The session's own ephemeral nodes, by a prefix that need not end at a name. */
function getEphemerals({ tree, sessionId }: ReadContext, reader: Reader, writer: Writer): void {
  const { path: prefix } = AnyPathRequest.read(reader)
  const isAll = prefix.trim() === '' || prefix.trim() === '/'
  const owned = [...tree.ephemeralsOf(sessionId)]
  GetEphemeralsResponse.write(writer, {
    ephemerals: isAll ? owned : owned.filter((path) => path.startsWith(prefix)),
  })
}

function getAllChildrenNumber(context: ReadContext, reader: Reader, writer: Writer): void {
  const { path } = PathRequest.read(reader)
  const node = requireNode(context.tree, path)
  requirePermission(context, node, Permission.read)
  GetAllChildrenNumberResponse.write(writer, { totalNumber: context.tree.countBelow(path) })
}

function whoAmI({ ids }: ReadContext, _reader: Reader, writer: Writer): void {
  const clientInfo = ids.map((id) => ({ authScheme: id.scheme, user: userOf(id) }))
  WhoAmIResponse.write(writer, { clientInfo })
}

/** AuthUtil.getUser: a digest's user without the hash; `super` has no provider that could name one. */
function userOf({ scheme, id }: Id): string {
  if (scheme === 'super') return ''
  return scheme === 'digest' ? (id.split(':')[0] ?? '') : id
}
