/**
 * What a case is given: an ensemble of which it knows the addresses, sessions on it, and a znode of its own below
 * which it works. What it opened is closed behind it, so no case depends on another.
 */
import { afterAll, beforeAll, describe, inject, type TestContext, test } from 'vitest'
import { type ClientOptions, fourLetterWord, ZooKeeper } from '../../src/client/index.ts'
import { eventually } from '../support/eventually.ts'
import type { ControlledMember, ControlRequest } from './ensembleControl.ts'
import { create } from './operations.ts'
import type { ProfileName } from './profiles.ts'
import { type OpenOptions, RawSession } from './rawSession.ts'

export interface CaseOptions {
  /** What was not to be expected of Apache ZooKeeper, and is so. */
  readonly surprise?: string
  /** Why our members answer otherwise, on purpose: there the case must fail, or this is out of date. */
  readonly differs?: string
  /** Needs somebody who can end and start members. */
  readonly kills?: boolean
}

export type DeclareCase = (name: string, body: (at: Case) => Promise<void>, options?: CaseOptions) => void

let roots = 0
/** Two runs on one ensemble (`--connect`) keep out of each other's way. */
const base = `/conformance-${process.pid}-${Date.now().toString(36)}`

export class Ensemble {
  readonly profile: ProfileName
  members: readonly ControlledMember[] = []
  /** Who led when the topic began: that holds as long as nobody is killed. */
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
  /** A znode of this case's own; it exists. */
  readonly root: string
  private readonly opened: { close(): Promise<unknown> }[] = []
  private nextMember: number

  constructor(ensemble: Ensemble, root: string, number: number) {
    this.ensemble = ensemble
    this.root = root
    this.nextMember = number
  }

  /** The members in turn, so that every kind of case meets leaders and followers. */
  get address(): string {
    const { addresses } = this.ensemble
    return addresses[this.nextMember % addresses.length] as string
  }

  /** A session at the case's member, unless another address is given; the others at `elsewhere`. */
  async open(options: OpenOptions & { address?: string } = {}): Promise<RawSession> {
    const session = await RawSession.open(options.address ?? this.address, options)
    this.opened.push(session)
    return session
  }

  /** An address that is not the case's member's, where there is one. */
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

  /** What is done when the case is over, whatever became of it. */
  afterwards(close: () => Promise<unknown>): void {
    this.opened.push({ close })
  }

  async end(): Promise<void> {
    for (const opened of this.opened.reverse()) await opened.close().catch(() => {})
  }

  /** With `~` for the case's own znode: texts are to be the same in every run. */
  text(value: string): string {
    return value.replaceAll(this.root, '~')
  }
}

/** Declares the cases of a topic, which run side by side on one ensemble; `sequential`: one by one. */
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
        if (kills && inject('controlUrl') === null) context.skip('there is nobody who could end members')
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
  if (url === null) throw new Error('there is nobody who could start or end members')
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(request) })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as ControlledMember[]
}

export function splitAddress(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(':')
  return [address.slice(0, colon), Number(address.slice(colon + 1))]
}
