/**
 * What a case is given: the addresses of an ensemble, sessions on it, and its own znode, below which it
 * works. Everything that a case opened is closed after it, so no case depends on another.
 */
import { afterAll, beforeAll, describe, inject, type TestContext, test } from 'vitest'
import { type ClientOptions, fourLetterWord, ZooKeeper } from '../../src/client/index.ts'
import { eventually } from '../support/eventually.ts'
import type { ControlledMember, ControlRequest } from './ensembleControl.ts'
import { create } from './operations.ts'
import type { ProfileName } from './profiles.ts'
import { type OpenOptions, RawSession } from './rawSession.ts'

export interface CaseOptions {
  /** What is surprising about Apache ZooKeeper's behaviour. */
  readonly surprise?: string
  /**
   * Why our members answer otherwise on purpose. Our members must fail the case; otherwise this mark is out
   * of date.
   */
  readonly differs?: string
  /** Whether the case needs a control that can end and start members. */
  readonly kills?: boolean
}

export type DeclareCase = (name: string, body: (at: Case) => Promise<void>, options?: CaseOptions) => void

let roots = 0
/** Two runs on one ensemble (`--connect`) use different paths. */
const base = `/conformance-${process.pid}-${Date.now().toString(36)}`

export class Ensemble {
  readonly profile: ProfileName
  members: readonly ControlledMember[] = []
  /** The leader when the topic began, which remains the leader unless a member is killed. */
  leaderAddress = ''

  constructor(profile: ProfileName) {
    this.profile = profile
  }

  get addresses(): string[] {
    return this.members.map(({ address }) => address)
  }

  get connectString(): string {
    return this.addresses.join(',')
  }

  async use(): Promise<void> {
    const connect = inject('connect')
    this.members =
      connect.length > 0
        ? connect.map((address, id) => ({ id, address }))
        : await control({ profile: this.profile, verb: 'use' })
    await this.allServe()
    this.leaderAddress = (await this.leader()).address
    const session = await RawSession.open(this.addresses[0] as string)
    await session.do(create(base))
    await session.close()
  }

  /** Ends a member as kill -9 would. */
  async kill(id: number): Promise<void> {
    await control({ profile: this.profile, verb: 'kill', id })
  }

  async start(id: number): Promise<void> {
    await control({ profile: this.profile, verb: 'start', id })
  }

  async modeOf(member: ControlledMember): Promise<string | null> {
    const [host, port] = splitAddress(member.address)
    const answer = await fourLetterWord(host, port, 'srvr', 2000).catch(() => '')
    return /^Mode: ([\w-]+)/m.exec(answer)?.[1] ?? null
  }

  leader(): Promise<ControlledMember> {
    return eventually('a leader', async () => {
      const modes = await Promise.all(this.members.map((member) => this.modeOf(member)))
      return this.members.find((_, i) => modes[i] === 'leader' || modes[i] === 'standalone')
    })
  }

  async followers(): Promise<ControlledMember[]> {
    const leader = await this.leader()
    return this.members.filter(({ id }) => id !== leader.id)
  }

  async allServe(): Promise<void> {
    const serving = new Set(['leader', 'follower', 'standalone', 'observer'])
    for (const member of this.members)
      await eventually(
        `member ${member.id} to serve`,
        async () => serving.has((await this.modeOf(member)) ?? ''),
        {
          timeoutMs: 40_000,
        },
      )
  }
}

export class Case {
  readonly ensemble: Ensemble
  /** The case's own znode, which exists. */
  readonly root: string
  private readonly opened: { close(): Promise<unknown> }[] = []
  private nextMember: number

  constructor(ensemble: Ensemble, root: string, number: number) {
    this.ensemble = ensemble
    this.root = root
    this.nextMember = number
  }

  /** The members take turns, so that every kind of case meets leaders and followers. */
  get address(): string {
    const { addresses } = this.ensemble
    return addresses[this.nextMember % addresses.length] as string
  }

  /** Opens a session at the case's member, unless another address is given. */
  async open(options: OpenOptions & { address?: string } = {}): Promise<RawSession> {
    const session = await RawSession.open(options.address ?? this.address, options)
    this.opened.push(session)
    return session
  }

  /** An address other than that of the case's member, if there is one. */
  get elsewhere(): string {
    const { addresses } = this.ensemble
    return addresses[(this.nextMember + 1) % addresses.length] as string
  }

  async dial(options: OpenOptions & { address?: string } = {}): Promise<RawSession> {
    const session = await RawSession.dial(options.address ?? this.address, options)
    this.opened.push(session)
    return session
  }

  async client(options: ClientOptions & { chroot?: string; address?: string } = {}): Promise<ZooKeeper> {
    const { chroot = '', address = this.ensemble.connectString, ...rest } = options
    const client = await ZooKeeper.connect(address + chroot, { sessionTimeoutMs: 15_000, ...rest })
    this.opened.push(client)
    return client
  }

  /** Registers what is done when the case is over, whether it passed or failed. */
  afterwards(close: () => Promise<unknown>): void {
    this.opened.push({ close })
  }

  async end(): Promise<void> {
    for (const opened of this.opened.reverse()) await opened.close().catch(() => {})
  }

  /** The text with `~` for the case's own znode, so that it is the same in every run. */
  text(value: string): string {
    return value.replaceAll(this.root, '~')
  }
}

/** Declares the cases of a topic, which run concurrently on one ensemble, or with `sequential` one by one. */
export function conformance(
  title: string,
  profile: ProfileName,
  declare: (it: DeclareCase, ensemble: Ensemble) => void,
  options: { sequential?: boolean } = {},
): void {
  const ensemble = new Ensemble(profile)
  const block = options.sequential === true ? describe.sequential : describe
  block(title, () => {
    let isReady = false
    beforeAll(async () => {
      await ensemble.use()
      isReady = true
    })
    const it: DeclareCase = (name, body, { surprise, differs, kills = false } = {}) => {
      const full = surprise === undefined ? name : `${name} (surprising: ${surprise})`
      const declared = differs !== undefined && inject('engine') === 'zk-pseudo' ? test.fails : test
      declared(full, async (context: TestContext) => {
        if (kills && inject('controlUrl') === null) context.skip('there is no control that can end members')
        if (!isReady) throw new Error('the ensemble does not serve')
        await run(ensemble, body)
      })
    }
    declare(it, ensemble)
    afterAll(() => {})
  })
}

async function run(ensemble: Ensemble, body: (at: Case) => Promise<void>): Promise<void> {
  roots += 1
  const at = new Case(ensemble, `${base}/${roots}`, roots)
  try {
    const session = await RawSession.open(at.address)
    await session.must(create(at.root))
    await session.close()
    await body(at)
  } finally {
    await at.end()
  }
}

async function control(request: ControlRequest): Promise<ControlledMember[]> {
  const url = inject('controlUrl')
  if (url === null) throw new Error('there is no control that can start or end members')
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(request) })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as ControlledMember[]
}

export function splitAddress(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(':')
  return [address.slice(0, colon), Number(address.slice(colon + 1))]
}
