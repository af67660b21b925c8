/**
 * Records of package org.apache.zookeeper.proto (zookeeper.jute): what clients and servers say to each other.
 */
import {
  bool,
  buffer,
  int,
  long,
  millis,
  nullableString,
  optionalTail,
  presentString,
  record,
  sessionId,
  string,
  type Value,
  vector,
  zxid,
} from '../jute.ts'
import { Acl, Id, Stat } from './data.ts'

/** Clients before 3.4 leave out readOnly; the reply to them must leave it out too. */
export const ConnectRequest = record({
  protocolVersion: int,
  lastZxidSeen: zxid,
  timeOut: int,
  sessionId,
  passwd: buffer,
  readOnly: optionalTail(bool),
})
export type ConnectRequest = Value<typeof ConnectRequest>

export const ConnectResponse = record({
  protocolVersion: int,
  timeOut: int,
  sessionId,
  passwd: buffer,
  readOnly: optionalTail(bool),
})
export type ConnectResponse = Value<typeof ConnectResponse>

export const RequestHeader = record({ xid: int, type: int })
export type RequestHeader = Value<typeof RequestHeader>

export const ReplyHeader = record({ xid: int, zxid, err: int })
export type ReplyHeader = Value<typeof ReplyHeader>

export const MultiHeader = record({ type: int, done: bool, err: int })
export type MultiHeader = Value<typeof MultiHeader>

export const WatcherEvent = record({ type: int, state: int, path: string })
export type WatcherEvent = Value<typeof WatcherEvent>

export const CreateRequest = record({ path: presentString, data: buffer, acl: vector(Acl), flags: int })
export type CreateRequest = Value<typeof CreateRequest>
export const CreateTtlRequest = record({
  path: presentString,
  data: buffer,
  acl: vector(Acl),
  flags: int,
  ttl: millis,
})
export type CreateTtlRequest = Value<typeof CreateTtlRequest>
export const CreateResponse = record({ path: string })
export type CreateResponse = Value<typeof CreateResponse>
export const Create2Response = record({ path: string, stat: Stat })
export type Create2Response = Value<typeof Create2Response>

export const DeleteRequest = record({ path: presentString, version: int })
export type DeleteRequest = Value<typeof DeleteRequest>

/** exists, getData, getChildren, getChildren2. */
export const WatchableReadRequest = record({ path: presentString, watch: bool })
export type WatchableReadRequest = Value<typeof WatchableReadRequest>
/** getACL, getAllChildrenNumber. */
export const PathRequest = record({ path: presentString })
export type PathRequest = Value<typeof PathRequest>
/** sync; getEphemerals names its prefix so. */
export const AnyPathRequest = record({ path: string })
export type AnyPathRequest = Value<typeof AnyPathRequest>

export const ExistsResponse = record({ stat: Stat })
export type ExistsResponse = Value<typeof ExistsResponse>
export const GetDataResponse = record({ data: buffer, stat: Stat })
export type GetDataResponse = Value<typeof GetDataResponse>
export const GetChildrenResponse = record({ children: vector(string) })
export type GetChildrenResponse = Value<typeof GetChildrenResponse>
export const GetChildren2Response = record({ children: vector(string), stat: Stat })
export type GetChildren2Response = Value<typeof GetChildren2Response>

export const SetDataRequest = record({ path: string, data: buffer, version: int })
export type SetDataRequest = Value<typeof SetDataRequest>
export const SetDataResponse = record({ stat: Stat })
export type SetDataResponse = Value<typeof SetDataResponse>

export const GetAclResponse = record({ acl: vector(Acl), stat: Stat })
export type GetAclResponse = Value<typeof GetAclResponse>
export const SetAclRequest = record({ path: string, acl: vector(Acl), version: int })
export type SetAclRequest = Value<typeof SetAclRequest>
export const SetAclResponse = record({ stat: Stat })
export type SetAclResponse = Value<typeof SetAclResponse>

export const CheckVersionRequest = record({ path: string, version: int })
export type CheckVersionRequest = Value<typeof CheckVersionRequest>

export const SyncResponse = record({ path: string })
export type SyncResponse = Value<typeof SyncResponse>

export const SetWatches = record({
  relativeZxid: zxid,
  dataWatches: vector(string),
  existWatches: vector(string),
  childWatches: vector(string),
})
export type SetWatches = Value<typeof SetWatches>

export const SetWatches2 = record({
  relativeZxid: zxid,
  dataWatches: vector(string),
  existWatches: vector(string),
  childWatches: vector(string),
  persistentWatches: vector(string),
  persistentRecursiveWatches: vector(string),
})
export type SetWatches2 = Value<typeof SetWatches2>

export const AddWatchRequest = record({ path: string, mode: int })
export type AddWatchRequest = Value<typeof AddWatchRequest>
export const CheckWatchesRequest = record({ path: presentString, type: int })
export type CheckWatchesRequest = Value<typeof CheckWatchesRequest>
export const RemoveWatchesRequest = record({ path: string, type: int })
export type RemoveWatchesRequest = Value<typeof RemoveWatchesRequest>

export const AuthPacket = record({ type: int, scheme: string, auth: buffer })
export type AuthPacket = Value<typeof AuthPacket>
export const GetSaslRequest = record({ token: buffer })
export type GetSaslRequest = Value<typeof GetSaslRequest>
export const SetSaslResponse = record({ token: buffer })
export type SetSaslResponse = Value<typeof SetSaslResponse>

export const ReconfigRequest = record({
  joiningServers: nullableString,
  leavingServers: nullableString,
  newMembers: nullableString,
  curConfigId: long,
})
export type ReconfigRequest = Value<typeof ReconfigRequest>

export const GetEphemeralsResponse = record({ ephemerals: vector(string) })
export type GetEphemeralsResponse = Value<typeof GetEphemeralsResponse>
export const GetAllChildrenNumberResponse = record({ totalNumber: int })
export type GetAllChildrenNumberResponse = Value<typeof GetAllChildrenNumberResponse>
export const ErrorResponse = record({ err: int })
export type ErrorResponse = Value<typeof ErrorResponse>
export const ClientInfo = record({ authScheme: string, user: string })
export type ClientInfo = Value<typeof ClientInfo>
export const WhoAmIResponse = record({ clientInfo: vector(ClientInfo) })
export type WhoAmIResponse = Value<typeof WhoAmIResponse>
export { Id }
