/** A second `up` in a folder: what was asked for, or, when nothing was, what the folder holds. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterInfo } from '../../src/api/api.ts'
import type { ClusterRequest } from '../../src/supervisor/clusterRequest.ts'
import { Supervisor } from '../../src/supervisor/supervisor.ts'

describe('an up in the folder of another', () => {
  let dir: string

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'zkp-again-'))
  })

  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  async function up(asked: Partial<ClusterRequest>): Promise<ClusterInfo> {
    const nothing = { members: null, files: [], name: null, basePort: null, observers: 0, settings: {} }
    const request = { ...nothing, dir, autoPorts: false, isolation: 'thread', ...asked } as ClusterRequest
    const supervisor = await Supervisor.start(request, () => {})
    try {
      return await supervisor.cluster.info()
    } finally {
      await supervisor.stop()
    }
  }

  function contentsOf(folder: string): Record<string, string> {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    const paths = files.map((entry) => join(entry.parentPath, entry.name))
    return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'latin1')]))
  }

  it('that names nothing brings back what was there, on its ports', async () => {
    const first = await up({ members: 5, autoPorts: true })
    const again = await up({})
    expect(again.connectString).toBe(first.connectString)
    expect((await up({})).members).toHaveLength(5)
  })

  it('that names another number gets it, more or fewer', async () => {
    await up({ members: 3, autoPorts: true })
    expect((await up({ members: 5, autoPorts: true })).members).toHaveLength(5)
    expect((await up({ members: 1, autoPorts: true })).members).toHaveLength(1)
    expect(existsSync(join(dir, 'conf', 'zoo-4.cfg'))).toBe(false)
    expect((await up({})).members).toHaveLength(1)
  })

  it('that cannot be planned leaves the folder what it was', async () => {
    const first = await up({ members: 3, autoPorts: true })
    const bad = { members: 4, autoPorts: true, settings: { tickTime: 'soon' } }
    await expect(up(bad)).rejects.toMatchObject({ code: 'BAD_CONFIG' })
    await expect(up(bad)).rejects.toMatchObject({ code: 'BAD_CONFIG' })
    expect((await up({})).connectString).toBe(first.connectString)
  })

  it('that finds a port taken leaves nothing in a new folder, and an old one as it was', async () => {
    const taken = createServer()
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
    const { port } = taken.address() as AddressInfo
    const files = [join(dir, 'a.cfg')]
    const text = `dataDir=${join(dir, 'fresh', 'data')}\nclientPort=${port}\n`
    writeFileSync(join(dir, 'a.cfg'), text)
    try {
      const cluster = join(dir, 'some', 'where')
      await expect(up({ files, dir: cluster })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect(readdirSync(dir)).toEqual(['a.cfg'])
      await up({ members: 1, autoPorts: true, dir: cluster })
      const before = contentsOf(cluster)
      await expect(up({ files, dir: cluster })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect(contentsOf(cluster)).toEqual(before)
    } finally {
      taken.close()
    }
  })

  it('keeps what ran each member', async () => {
    await up({ members: 1, autoPorts: true, engines: { all: 'zk-pseudo', members: {} } })
    const manifest = JSON.parse(readFileSync(join(dir, 'cluster.json'), 'utf8'))
    expect(manifest.engines).toEqual({ 0: 'zk-pseudo' })
    const unknown = { all: null, members: { 7: 'apache' as const } }
    await expect(up({ engines: unknown })).rejects.toMatchObject({
      code: 'USAGE',
      message: '--engine names member 7',
    })
  })
})
