/**
 * The records as Apache's zookeeper.jute declares them: field names and types in wire order, one record a
 * line.
 */
import type { RecordType } from '../../src/protocol/jute.ts'
import * as client from '../../src/protocol/records/client.ts'
import * as data from '../../src/protocol/records/data.ts'
import * as quorum from '../../src/protocol/records/quorum.ts'
import * as txn from '../../src/protocol/records/txn.ts'

export type JuteType = 'int' | 'long' | 'boolean' | 'ustring' | 'buffer' | JuteRecord | { vector: JuteType }
export interface JuteRecord {
  fields: [name: string, type: JuteType][]
}

const DECLARED = `
Id: ustring scheme, ustring id
ACL: int perms, Id id
Stat: long czxid, long mzxid, long ctime, long mtime, int version, int cversion, int aversion, long ephemeralOwner, int dataLength, int numChildren, long pzxid
StatPersisted: long czxid, long mzxid, long ctime, long mtime, int version, int cversion, int aversion, long ephemeralOwner, long pzxid
ClientInfo: ustring authScheme, ustring user
ConnectRequest: int protocolVersion, long lastZxidSeen, int timeOut, long sessionId, buffer passwd, boolean readOnly
ConnectResponse: int protocolVersion, int timeOut, long sessionId, buffer passwd, boolean readOnly
SetWatches: long relativeZxid, ustring[] dataWatches, ustring[] existWatches, ustring[] childWatches
SetWatches2: long relativeZxid, ustring[] dataWatches, ustring[] existWatches, ustring[] childWatches, ustring[] persistentWatches, ustring[] persistentRecursiveWatches
RequestHeader: int xid, int type
MultiHeader: int type, boolean done, int err
AuthPacket: int type, ustring scheme, buffer auth
ReplyHeader: int xid, long zxid, int err
GetDataRequest: ustring path, boolean watch
SetDataRequest: ustring path, buffer data, int version
ReconfigRequest: ustring joiningServers, ustring leavingServers, ustring newMembers, long curConfigId
SetDataResponse: Stat stat
GetSASLRequest: buffer token
CreateRequest: ustring path, buffer data, ACL[] acl, int flags
CreateTTLRequest: ustring path, buffer data, ACL[] acl, int flags, long ttl
DeleteRequest: ustring path, int version
CheckVersionRequest: ustring path, int version
SyncRequest: ustring path
SyncResponse: ustring path
SetACLRequest: ustring path, ACL[] acl, int version
SetACLResponse: Stat stat
AddWatchRequest: ustring path, int mode
WatcherEvent: int type, int state, ustring path
ErrorResponse: int err
CreateResponse: ustring path
Create2Response: ustring path, Stat stat
ExistsResponse: Stat stat
GetDataResponse: buffer data, Stat stat
GetChildrenResponse: ustring[] children
GetAllChildrenNumberResponse: int totalNumber
GetChildren2Response: ustring[] children, Stat stat
GetACLResponse: ACL[] acl, Stat stat
CheckWatchesRequest: ustring path, int type
GetEphemeralsResponse: ustring[] ephemerals
WhoAmIResponse: ClientInfo[] clientInfo
LearnerInfo: long serverid, int protocolVersion, long configVersion
QuorumPacket: int type, long zxid, buffer data, Id[] authinfo
TxnDigest: int version, long treeDigest
TxnHeader: long clientId, int cxid, long zxid, long time, int type
CreateTxn: ustring path, buffer data, ACL[] acl, boolean ephemeral, int parentCVersion
CreateTTLTxn: ustring path, buffer data, ACL[] acl, int parentCVersion, long ttl
CreateContainerTxn: ustring path, buffer data, ACL[] acl, int parentCVersion
DeleteTxn: ustring path
SetDataTxn: ustring path, buffer data, int version
CheckVersionTxn: ustring path, int version
SetACLTxn: ustring path, ACL[] acl, int version
CreateSessionTxn: int timeOut
CloseSessionTxn: ustring[] paths2Delete
ErrorTxn: int err
Txn: int type, buffer data
MultiTxn: Txn[] txns
`

/** Records that are called otherwise here. */
const OURS: Record<string, unknown> = {
  ...client,
  ...data,
  ...quorum,
  ...txn,
  ACL: data.Acl,
  GetDataRequest: client.WatchableReadRequest,
  GetSASLRequest: client.GetSaslRequest,
  CreateTTLRequest: client.CreateTtlRequest,
  SyncRequest: client.PathRequest,
  SetACLRequest: client.SetAclRequest,
  SetACLResponse: client.SetAclResponse,
  GetACLResponse: client.GetAclResponse,
  CreateTTLTxn: txn.CreateTtlTxn,
  SetACLTxn: txn.SetAclTxn,
}

const parsed = new Map<string, JuteRecord>()
for (const line of DECLARED.trim().split('\n')) {
  const [name = '', fields = ''] = line.split(': ')
  const record: JuteRecord = {
    fields: fields.split(', ').map((field) => {
      const [type = '', fieldName = ''] = field.split(' ')
      const item = parsed.get(type.replace('[]', '')) ?? (type.replace('[]', '') as JuteType)
      return [fieldName, type.endsWith('[]') ? { vector: item } : item]
    }),
  }
  parsed.set(name, record)
}

export const RECORDS: { name: string; jute: JuteRecord; ours: RecordType<object> }[] = [...parsed].map(
  ([name, jute]) => ({ name, jute, ours: OURS[name] as RecordType<object> }),
)
