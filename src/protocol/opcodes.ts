/** Request types (ZooDefs.OpCode); the same numbers name the transactions they become. */
export const OpCode = {
  error: -1,
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTtl: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
} as const

export type OpCode = (typeof OpCode)[keyof typeof OpCode]

/** Special xids in request and reply headers. */
export const Xid = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const

export const EventType = { none: -1, created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const
export type EventType = (typeof EventType)[keyof typeof EventType]

/** What addWatch asks for (ZooDefs.AddWatchModes). */
export const WatchRequestMode = { persistent: 0, recursive: 1 } as const
/**
 * The kinds of watches that checkWatches and removeWatches name (Watcher.WatcherType; the last two are
 * 3.9's).
 */
export const WatcherType = { children: 1, data: 2, any: 3, persistent: 4, recursive: 5 } as const
export type WatcherType = (typeof WatcherType)[keyof typeof WatcherType]

/** The only state a server puts into a watch event. */
export const SYNC_CONNECTED = 3

export const Permission = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const

/** Flags of create: CreateMode.toFlag. */
export const CreateFlag = {
  persistent: 0,
  ephemeral: 1,
  sequential: 2,
  ephemeralSequential: 3,
  container: 4,
  ttl: 5,
  sequentialTtl: 6,
} as const

/** Quorum packet types (Leader.java). */
export const PacketType = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19,
} as const
export type PacketType = (typeof PacketType)[keyof typeof PacketType]

/** States in election notifications (QuorumPeer.ServerState). */
export const ServerState = { looking: 0, following: 1, leading: 2, observing: 3 } as const
export type ServerState = (typeof ServerState)[keyof typeof ServerState]
