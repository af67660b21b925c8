/** The ZooKeeper client, published as `zk-pseudo/client`. It works with any ZooKeeper server. */
export { ErrorCode, errorName, KeeperError } from '../protocol/errors.ts'
export { formatSessionId } from '../protocol/ids.ts'
export { Permission } from '../protocol/opcodes.ts'
export type { Acl, Id, Stat } from '../protocol/records/data.ts'
export { formatZxid, type Zxid } from '../protocol/zxid.ts'
export type { ClientOptions } from './clientOptions.ts'
export { type ConnectString, parseConnectString, type ServerAddress } from './connectString.ts'
export type { EnsembleConfig, ReconfigOptions } from './ensembleConfig.ts'
export { fourLetterWord } from './fourLetterWord.ts'
export type { MultiRead, ReadResult } from './multiRead.ts'
export {
  CREATOR_ACL,
  type CreateMode,
  type CreateOptions,
  type Data,
  OPEN_ACL,
  READ_ACL,
} from './operations.ts'
export type { SaslCredentials } from './sasl.ts'
export type { ClientState, SessionKey } from './session.ts'
export type { Transaction, TransactionResult } from './transaction.ts'
export type { WatchEvent, WatchEventType, Watcher, WatchMode, WatchSelection } from './watches.ts'
export type { WatchStream } from './watchStream.ts'
export { type ClientEvents, ZooKeeper } from './zookeeper.ts'
