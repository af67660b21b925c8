/** Writes of every type that makes a transaction, so that a tree and a log contain each of them. */
import { CREATOR_ACL, KeeperError, OPEN_ACL, READ_ACL, type ZooKeeper } from '../../src/client/index.ts'

/**
 * Under `root`, which must not exist: create, delete, setData, setAcl, multi (applied and failed), error,
 * containers, sequences; with `ttl` also TTL nodes, for servers with extendedTypesEnabled. The client's
 * session adds createSession and closeSession.
 */
export async function everyKind(client: ZooKeeper, root: string, ttl = false): Promise<void> {
  await client.create(root, `root ${root}`)
  await client.create(`${root}/data`, 'first')
  await client.setData(`${root}/data`, 'second')
  await client.setData(`${root}/data`, null)
  await client.setData(`${root}/data`, Buffer.alloc(3000, root))
  await client.create(`${root}/null`)
  await client.create(`${root}/empty`, '')
  await client.create(`${root}/gone`, 'soon')
  await client.delete(`${root}/gone`, 0)
  await client.create(`${root}/read`, 'only', { acl: [...READ_ACL, ...OPEN_ACL] })
  await client.setAcl(`${root}/read`, READ_ACL, 0)
  await client.addAuth('digest', `user:${root}`)
  await client.create(`${root}/mine`, 'of one user', { acl: CREATOR_ACL })
  await client.create(`${root}/sequence-`, 'one', { mode: 'sequential' })
  await client.create(`${root}/sequence-`, 'two', { mode: 'sequential' })
  await client.createContainer(`${root}/container`, 'full')
  await client.create(`${root}/container/child`)
  if (ttl) {
    await client.createTtl(`${root}/ttl`, 3_600_000, 'for an hour')
    await client.createTtl(`${root}/ttl-`, 3_600_000, 'too', { sequential: true })
  }
  await client
    .transaction()
    .check(`${root}/data`, 3)
    .create(`${root}/multi`, 'of several')
    .setData(`${root}/multi`, 'parts')
    .create(`${root}/multi/child`)
    .delete(`${root}/empty`)
    .commit()
  await failing(() => client.transaction().create(`${root}/half`).delete(`${root}/no such znode`).commit())
  await failing(() => client.create(`${root}/data`))
  await failing(() => client.setData(`${root}/data`, 'wrong version', 99))
}

/** Does a write that must fail; an error takes a zxid like any other transaction. */
export async function failing(write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (error instanceof KeeperError) return
    throw error
  }
  throw new Error('a write that had to fail succeeded')
}

/** Creates `count` small znodes below a new `parent`. */
export async function many(client: ZooKeeper, parent: string, count: number): Promise<void> {
  await client.create(parent)
  await Promise.all(
    Array.from({ length: count }, (_, i) => client.create(`${parent}/${i}`, `${parent} ${i}`)),
  )
}
