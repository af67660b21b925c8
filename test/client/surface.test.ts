/**
 * Features that are off by default or newer than 3.5, with an Apache ZooKeeper that has all of them enabled.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ErrorCode, KeeperError, type WatchEvent, ZooKeeper } from '../../src/client/index.ts'
import { ApacheEnsemble, apacheUnavailable } from '../support/apache.ts'

const unavailable = apacheUnavailable()
const SUPER = 'super:secret'

describe.skipIf(unavailable !== undefined)(
  'the client with all that Apache can do',
  { timeout: 60_000 },
  () => {
    let ensemble: ApacheEnsemble
    let zk: ZooKeeper
    const dir = mkdtempSync(join(tmpdir(), 'zk-client-surface-'))
    let count = 0

    beforeAll(async () => {
      const jaas = join(dir, 'jaas.conf')
      writeFileSync(
        jaas,
        'Server { org.apache.zookeeper.server.auth.DigestLoginModule required user_fred="fred-secret"; };',
      )
      ensemble = await ApacheEnsemble.start({
        members: 1,
        set: {
          extendedTypesEnabled: 'true',
          'DigestAuthenticationProvider.superDigest': `super:${createHash('sha1').update(SUPER).digest('base64')}`,
          'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
        },
        jvm: { 'java.security.auth.login.config': jaas },
      })
      await ensemble.waitForLeader()
      zk = await ZooKeeper.connect(ensemble.connectString)
    }, 60_000)

    afterAll(async () => {
      await zk?.close()
      await ensemble?.stopAll()
      rmSync(dir, { recursive: true, force: true })
    })

    const fresh = () => zk.create(`/surface${++count}`, 'first')

    it('creates containers and TTL znodes, alone and in a transaction', async () => {
      const path = await fresh()
      expect(await zk.createContainer(`${path}/c`)).toBe(`${path}/c`)
      expect(await zk.createTtl(`${path}/t-`, 60_000, 'x', { sequential: true })).toBe(`${path}/t-0000000001`)
      const made = await zk.transaction().create(`${path}/t`, null, { mode: 'ttl', ttlMs: 60_000 }).commit()
      expect(made[0]?.path).toBe(`${path}/t`)
      await expect(zk.createTtl(`${path}/no`, 0)).rejects.toMatchObject({ code: ErrorCode.BadArguments })
    })

    it('logs in by SASL, and again on each connection', async () => {
      await using fred = await ZooKeeper.connect(ensemble.connectString, {
        sasl: { user: 'fred', password: 'fred-secret' },
      })
      expect(await fred.whoAmI()).toContainEqual({ scheme: 'sasl', id: 'fred' })
      fred.dropConnection()
      expect(await fred.whoAmI()).toContainEqual({ scheme: 'sasl', id: 'fred' })
    })

    it('reports a SASL login that is refused', async () => {
      const wrong = ZooKeeper.connect(ensemble.connectString, { sasl: { user: 'fred', password: 'wrong' } })
      await expect(wrong).rejects.toMatchObject({ code: ErrorCode.AuthFailed })
    })

    it('reads many things at once, each with its own result', async () => {
      const path = await fresh()
      await zk.create(`${path}/a`)
      const [data, names, nothing] = await zk
        .multiRead()
        .getData(path)
        .getChildren(path)
        .getData(`${path}/none`)
        .run()
      expect(data instanceof KeeperError ? null : data.data?.toString()).toBe('first')
      expect(names).toEqual(['a'])
      expect(nothing).toMatchObject({ code: ErrorCode.NoNode, path: `${path}/none` })
    })

    it('watches persistently, also after a reconnect, until the watch is removed', async () => {
      const path = await fresh()
      const events: string[] = []
      const watcher = (event: WatchEvent) => events.push(`${event.type} ${event.path.slice(path.length)}`)
      await zk.addWatch(path, 'recursive', watcher)
      await zk.create(`${path}/a`)
      zk.dropConnection()
      await zk.setData(`${path}/a`, 'x')
      await zk.removeWatches(path, 'any', watcher)
      await zk.setData(`${path}/a`, 'y')
      expect(events).toEqual(['created /a', 'dataChanged /a', 'removed '])
      expect(await zk.checkWatches(path)).toBe(false)
    })

    it('streams a watch', async () => {
      const path = await fresh()
      const stream = zk.watch(path)
      await stream.ready
      await zk.setData(path, 'x')
      await zk.create(`${path}/a`)
      expect((await stream.next()).value).toEqual({ type: 'dataChanged', path })
      expect((await stream.next()).value).toEqual({ type: 'childrenChanged', path })
      await stream.return()
      expect(await zk.checkWatches(path)).toBe(false)
    })

    it('leaves its session to another client', async () => {
      const path = await fresh()
      const first = await ZooKeeper.connect(ensemble.connectString)
      await first.create(`${path}/e`, null, { mode: 'ephemeral' })
      const session = first.leave()
      await using second = await ZooKeeper.connect(ensemble.connectString, { session })
      expect(second.sessionId).toBe(session.id)
      expect(await second.getEphemerals(path)).toEqual([`${path}/e`])
      expect(await second.getAllChildrenNumber(path)).toBe(1)
    })

    it('reads an empty config from a standalone server', async () => {
      expect(await zk.getConfig()).toMatchObject({ text: '', version: 0n, servers: new Map() })
      await expect(zk.reconfig({ leaving: [1] })).rejects.toMatchObject({ code: ErrorCode.ReconfigDisabled })
    })

    it('is super when it knows the password', async () => {
      const path = await fresh()
      await zk.setAcl(path, [{ perms: 31, id: { scheme: 'digest', id: 'nobody:x' } }])
      await expect(zk.getData(path)).rejects.toMatchObject({ code: ErrorCode.NoAuth })
      await using root = await ZooKeeper.connect(ensemble.connectString)
      await root.addAuth('digest', SUPER)
      expect((await root.getData(path)).data?.toString()).toBe('first')
    })
  },
)
