/** Records of package org.apache.zookeeper.data (zookeeper.jute). */
import { int, long, millis, record, string, type Value, zxid } from '../jute.ts'

export const Id = record({ scheme: string, id: string })
export type Id = Value<typeof Id>

export const Acl = record({ perms: int, id: Id })
export type Acl = Value<typeof Acl>

/** What clients see of a znode, 68 bytes. `cversion` here is the wire's: stored x 2 - numChildren. */
export const Stat = record({
  czxid: zxid,
  mzxid: zxid,
  ctime: millis,
  mtime: millis,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: zxid,
})
export type Stat = Value<typeof Stat>

/** What a snapshot holds of a znode, 60 bytes. `ephemeralOwner` carries container and TTL marks too. */
export const StatPersisted = record({
  czxid: zxid,
  mzxid: zxid,
  ctime: millis,
  mtime: millis,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  pzxid: zxid,
})
export type StatPersisted = Value<typeof StatPersisted>
