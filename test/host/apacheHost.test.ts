/**
 * Apache's own servers keep the promises of every host: abrupt ends, frozen members, and crashes that are
 * explained.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { classicEnsemble } from '../../src/config/classic.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'
import { ApacheHosts, findApache } from '../../src/host/apache/apacheHost.ts'
import { LOG_CONFIGS } from '../../src/host/apache/logConfig.ts'
import type { HostFactory, MemberHost, StampedMemberEvent } from '../../src/host/host.ts'
import { ProcessHosts } from '../../src/host/processHost.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { lives } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/fourLetterWord.ts'
import { claimPorts, isFree, releasePorts } from '../support/ports.ts'

const missing = apacheUnavailable()

describe('an Apache member', () => {
  let dir: string
  let ports: number[]
  const open = new Set<MemberHost>()

  beforeEach(async (context) => {
    needs(context as TestContext, missing)
    dir = mkdtempSync(join(tmpdir(), 'zkp-apache-'))
    ports = await claimPorts(3)
    for (const { file, text } of LOG_CONFIGS) writeFileSync(join(dir, file), text)
  })

  afterEach(async () => {
    await Promise.all([...open].map((host) => host.kill()))
    open.clear()
    releasePorts(ports ?? [])
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
  })

  async function hosts(env: Record<string, string> = {}): Promise<HostFactory> {
    return new ApacheHosts(await findApache({ home: null, env: { ...process.env, ...env } }), dir)
  }

  function standalone(sub = 'one', set: Record<string, string> = {}): ServerConfig {
    const [clientPort = 0, quorumPort = 0, electionPort = 0] = ports
    const layout = { members: 1, dir: join(dir, sub), set, ports: [{ clientPort, quorumPort, electionPort }] }
    const [member] = classicEnsemble(layout).members
    if (member === undefined) throw new Error('no member was planned')
    mkdirSync(member.config.dataDir, { recursive: true })
    mkdirSync(join(dir, sub, 'conf'), { recursive: true })
    writeFileSync(member.file, member.text)
    return member.config
  }

  async function running(
    config = standalone(),
    env: Record<string, string> = {},
  ): Promise<{ host: MemberHost; events: StampedMemberEvent[] }> {
    const host = await (await hosts(env)).open(config)
    open.add(host)
    const events: StampedMemberEvent[] = []
    host.onEvent((event) => events.push(event))
    host.run()
    await eventually('it to serve', () => events.some(({ event }) => event.type === 'serving'))
    return { host, events }
  }

  it('reports its status, and what happens', async () => {
    const { host, events } = await running()
    const served = events.find(({ event }) => event.type === 'serving')
    expect(served?.event).toMatchObject({ role: 'standalone' })
    expect(Math.abs((served?.at ?? 0) - Date.now())).toBeLessThan(5000)
    expect(await host.status(2000)).toMatchObject({ role: 'standalone', serving: true, connections: 0 })
    expect(host.pid).not.toBe(process.pid)
    const lines = events.flatMap(({ event }) => (event.type === 'log' ? [event] : []))
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'info', message: expect.stringContaining('Reading configuration') }),
    )
    // The requests of its own host are not reported.
    expect(lines.filter(({ message }) => message.includes('Processing srvr'))).toEqual([])
  })

  it('does not open on a taken port, and says which', async () => {
    await running()
    const second = (await hosts()).open(standalone('two'))
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE', port: ports[0] })
  })

  it('is killed at once, and stops when asked to; its ports and its data dir are then free', async () => {
    const config = standalone()
    const locks = () => readdirSync(config.dataDir).filter((name) => name.startsWith('zk-pseudo.lock'))
    for (const [how, kind] of [
      ['kill', 'killed'],
      ['stop', 'stopped'],
    ] as const) {
      const { host } = await running(config)
      expect(locks()).toHaveLength(1)
      expect(await host[how]()).toEqual({ kind })
      open.delete(host)
      expect(lives(host.pid)).toBe(false)
      expect(await isFree(ports[0] as number)).toBe(true)
      expect(locks()).toEqual([])
      expect(await host.status(100)).toBeNull()
    }
  })

  it('answers nothing while it is paused, and again afterwards; a paused one can be stopped', async () => {
    const { host } = await running()
    const [port] = ports as [number]
    await host.pause()
    await expect(ask(port, 'ruok', 200)).rejects.toThrow('no answer')
    expect(await host.status(200)).toBeNull()
    await host.resume()
    expect(await ask(port, 'ruok')).toBe('imok')
    expect(await host.status(2000)).toMatchObject({ serving: true })
    await host.pause()
    expect(await host.stop()).toEqual({ kind: 'stopped' })
  })

  it('shares no data dir with a member of ours', async () => {
    const config = standalone()
    const { host } = await running(config)
    const elsewhere = { ...config, clientPort: ports[1] as number }
    const ours = new ProcessHosts()
    await expect(startOurs(ours, elsewhere)).rejects.toThrow(/in use by process/)
    await host.kill()
    await startOurs(ours, config)
    await expect((await hosts()).open({ ...config, clientPort: ports[2] as number })).rejects.toThrow(
      /in use by process/,
    )
  })

  /** @throws an error with the reason that it gives when it ends */
  async function startOurs(factory: HostFactory, config: ServerConfig): Promise<void> {
    const host = await factory.open(config)
    open.add(host)
    host.run()
    const serves = eventually('it to serve', async () => (await host.status(200))?.serving)
    const ends = host.exited.then((exit) => Promise.reject(new Error(JSON.stringify(exit))))
    await Promise.race([serves, ends])
  }

  it('that Java does not even start reports what Java printed', async () => {
    const host = await (await hosts({ JVMFLAGS: '-XX:+NoSuchOption' })).open(standalone())
    open.add(host)
    host.run()
    expect(await host.exited).toEqual({
      kind: 'crashed',
      code: 'UNEXPECTED_ERROR',
      reason: expect.stringMatching(/^exit code 1, .*\nits last lines:\n[\s\S]*Unrecognized VM option/),
    })
  })

  it('that ends by itself reports its exit code and the last lines of its log', async () => {
    const config = standalone('one', { 'datadir.autocreate': 'false' })
    const host = await (await hosts()).open(config)
    open.add(host)
    host.run()
    const exit = await host.exited
    expect(exit).toMatchObject({ kind: 'crashed', code: 'UNABLE_TO_ACCESS_DATADIR' })
    expect(exit.kind === 'crashed' && exit.reason).toMatch(/^exit code 3, .*datadir[\s\S]*version-2/)
  })
})
