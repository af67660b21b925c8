/**
 * The promises that hosts in threads and in processes both keep: abrupt ends, frozen members, and crashes
 * that affect one member only.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { classicEnsemble } from '../../src/config/classic.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'
import type { HostFactory, MemberHost, StampedMemberEvent } from '../../src/host/host.ts'
import { ProcessHosts } from '../../src/host/processHost.ts'
import { ThreadHosts } from '../../src/host/threadHost.ts'
import { lives } from '../support/commandLine.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/fourLetterWord.ts'
import { claimPorts, isFree, releasePorts } from '../support/ports.ts'

describe.each(['thread', 'process'] as const)('a member in a %s', (isolation) => {
  let dir: string
  let ports: number[]
  let hosts: HostFactory
  const open = new Set<MemberHost>()

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'zkp-host-'))
    ports = await claimPorts(3)
    hosts = isolation === 'thread' ? new ThreadHosts(2) : new ProcessHosts()
  })

  afterEach(async () => {
    await Promise.all([...open].map((host) => host.kill()))
    open.clear()
    await hosts.close()
    releasePorts(ports)
    rmSync(dir, { recursive: true, force: true })
  })

  function standalone(sub = 'one', clientPort = ports[0] as number): ServerConfig {
    const { members } = classicEnsemble({
      members: 1,
      dir: join(dir, sub),
      ports: [{ clientPort, quorumPort: ports[1] as number, electionPort: ports[2] as number }],
    })
    const [member] = members
    if (member === undefined) throw new Error('no member was planned')
    mkdirSync(member.config.dataDir, { recursive: true })
    writeFileSync(member.myidFile, member.myidText)
    return member.config
  }

  async function running(config = standalone()): Promise<MemberHost> {
    const host = await hosts.open(config)
    open.add(host)
    host.run()
    await eventually('it to serve', async () => (await host.status(200))?.serving)
    return host
  }

  it('reports its status, and what happens, by the clock of the host', async () => {
    const config = standalone()
    const host = await hosts.open(config)
    open.add(host)
    const events: StampedMemberEvent[] = []
    host.onEvent((event) => events.push(event))
    host.run()
    const served = await eventually('it to serve', () => events.find(({ event }) => event.type === 'serving'))
    expect(served.event).toMatchObject({ role: 'standalone' })
    expect(Math.abs(served.at - Date.now())).toBeLessThan(2000)
    expect(await host.status(1000)).toMatchObject({ role: 'standalone', serving: true, connections: 0 })
    expect(host.pid === process.pid).toBe(isolation === 'thread')
  })

  it('does not open on a taken port, and says which', async () => {
    await running()
    const second = hosts.open(standalone('two'))
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE', port: ports[0] })
  })

  it('is killed at once; its ports are free immediately', async () => {
    const host = await running()
    expect(await host.kill()).toEqual({ kind: 'killed' })
    open.delete(host)
    expect(await isFree(ports[0] as number)).toBe(true)
    expect(await host.status(100)).toBeNull()
    if (isolation === 'process') expect(lives(host.pid)).toBe(false)
    await running()
  })

  it('stops within half a second; its ports are free', async () => {
    const host = await running()
    const begun = performance.now()
    expect(await host.stop()).toEqual({ kind: 'stopped' })
    expect(performance.now() - begun).toBeLessThan(500)
    open.delete(host)
    expect(await isFree(ports[0] as number)).toBe(true)
  })

  it('answers nothing while it is paused, and again afterwards', async () => {
    const host = await running()
    const [port] = ports as [number]
    await host.pause()
    await eventually('it to freeze', async () => (await host.status(100)) === null)
    await expect(ask(port, 'ruok', 200)).rejects.toThrow('no answer')
    await host.resume()
    expect(await ask(port, 'ruok')).toBe('imok')
    expect(await host.status(1000)).toMatchObject({ serving: true })
  })

  it('has stopped when it reports so, even if the report is read only after it has ended', async () => {
    for (let round = 0; round < 5; round++) {
      const host = await running()
      const stopped = host.stop()
      // As with Ctrl-Z and fg, the member continues and ends, and this thread finds everything at once.
      await new Promise((sent) => setImmediate(sent))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
      expect(await stopped).toEqual({ kind: 'stopped' })
      open.delete(host)
    }
  })

  it.each(['kill', 'stop'] as const)('can be ended by %s while it is paused', async (how) => {
    const host = await running()
    await host.pause()
    await eventually('it to freeze', async () => (await host.status(100)) === null)
    expect(await host[how]()).toEqual({ kind: how === 'kill' ? 'killed' : 'stopped' })
    open.delete(host)
    expect(await isFree(ports[0] as number)).toBe(true)
  })

  it('crashes alone, and says why', async () => {
    const other = await running(standalone('other', ports[1] as number))
    const config = standalone()
    // No version of ZooKeeper puts such a file there.
    writeFileSync(join(config.dataDir, 'version-2'), 'not a folder')
    const host = await hosts.open(config)
    open.add(host)
    host.run()
    const exit = await host.exited
    expect(exit.kind).toBe('crashed')
    expect(exit.kind === 'crashed' && exit.reason).toContain('version-2')
    expect(await isFree(ports[0] as number)).toBe(true)
    expect(await other.status(1000)).toMatchObject({ serving: true })
  })
})
