/**
 * Members that are Apache ZooKeeper's own servers, each in a JVM, with the same interface as every other
 * host. Their log comes through standard output and becomes events. Their status is asked for with `srvr`.
 *
 * Invariants: a data dir is locked, as our members lock theirs, for as long as its JVM lives, so that the two
 * kinds of members cannot use the same one (Apache itself locks nothing). No JVM outlives its supervisor (on
 * Linux the kernel ensures this).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { currentConfig } from '../../config/load/currentConfig.ts'
import { requireIdentity } from '../../config/load/ownIdentity.ts'
import { isDistributed, type ServerConfig } from '../../config/serverConfig.ts'
import { clientEndpoint } from '../../config/servers/clientEndpoint.ts'
import type { MemberEvent } from '../../core/events.ts'
import { epochOf, type Zxid } from '../../protocol/zxid.ts'
import { EPOCH_FILES, VERSION_DIR } from '../../storage/fileNames.ts'
import type { DirectoryLock } from '../../storage/lock.ts'
import { clearTimeout, performance, setTimeout } from '../../time.ts'
import { endWithParent, untilStopped } from '../childProcess.ts'
import type { ExitInfo, HostFactory, MemberHost, MemberStatus, StampedMemberEvent } from '../host.ts'
import type { Dial } from '../secureDial.ts'
import { lockDataDirs, mustBeFree, portsOf } from './claims.ts'
import { ApacheEvents } from './events.ts'
import { type ApacheHome, type ApacheSearch, findApacheHome, isAtLeast } from './home.ts'
import { findJava } from './java.ts'
import { LOG_CONFIGS, LogReader, type LogRecord } from './logConfig.ts'
import { jvmOptions } from './options.ts'
import { askSrvr, type Srvr } from './status.ts'

export interface ApacheRuntime extends ApacheHome {
  readonly java: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** @throws ApacheError, which says what was looked for, where, and what to do */
export async function findApache(search: ApacheSearch): Promise<ApacheRuntime> {
  const home = findApacheHome(search)
  const { path } = await findJava(search.env)
  return { ...home, java: path, env: search.env }
}

export class ApacheHosts implements HostFactory {
  private readonly runtime: ApacheRuntime
  private readonly logDir: string

  /** @param logDir where the files of LOG_CONFIGS lie */
  constructor(runtime: ApacheRuntime, logDir: string) {
    this.runtime = runtime
    this.logDir = logDir
  }

  check(config: ServerConfig): void {
    jvmOptions(config)
  }

  /**
   * Checks that the ports are free, and locks the data dir. The JVM itself is started by `run`.
   * @throws also ApacheError and IdentityError
   */
  async open(config: ServerConfig): Promise<MemberHost> {
    requireIdentity(config)
    const args = this.javaArguments(config)
    for (const { port, host } of portsOf(currentConfig(config))) await mustBeFree(port, host)
    return new ApacheMember(this.runtime, config, args, lockDataDirs(config))
  }

  async close(): Promise<void> {}

  /**
   * The arguments with which zkServer.sh would start it, including its heap and its variables for options.
   */
  private javaArguments(config: ServerConfig): string[] {
    const { classPath, env } = this.runtime
    const words = (name: string) => (env[name] ?? '').split(/\s+/).filter((word) => word !== '')
    return [
      `-Xmx${env.ZK_SERVER_HEAP || '1000'}m`,
      ...LOG_CONFIGS.map(({ file, option }) => option(join(this.logDir, file))),
      // JMX for log4j costs every start half a second.
      '-Dzookeeper.jmx.log4j.disable=true',
      ...jvmOptions(config),
      ...words('SERVER_JVMFLAGS'),
      ...words('JVMFLAGS'),
      '-cp',
      classPath.join(':'),
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      resolve(config.file),
    ]
  }
}

/** How long a JVM may take to end by SIGTERM. */
const STOP_MS = 10_000
const POLL_MS = 250
const POLL_TIMEOUT_MS = 1000
/** How many of a JVM's last lines are shown to explain its end. */
const LAST_LINES = 12

class ApacheMember implements MemberHost {
  readonly isolation = 'process'
  readonly exited: Promise<ExitInfo>
  private readonly runtime: ApacheRuntime
  private readonly config: ServerConfig
  private readonly args: readonly string[]
  private readonly locks: readonly DirectoryLock[]
  private readonly listeners: ((event: StampedMemberEvent) => void)[] = []
  private readonly events: ApacheEvents
  private readonly lastRecords: LogRecord[] = []
  /** Our ports that sent `srvr`. What Apache logs about these requests is not reported. */
  private readonly askingPorts = new Set<string>()
  private secureDial: Dial | null = null
  private child: ChildProcess | null = null
  private isServing = false
  private isPaused = false
  private hasServed = false
  private hasEnded = false
  private asked: 'stopped' | 'killed' | null = null
  private polling: NodeJS.Timeout | null = null
  private settleExit: (exit: ExitInfo) => void = () => {}

  constructor(
    runtime: ApacheRuntime,
    config: ServerConfig,
    args: readonly string[],
    locks: readonly DirectoryLock[],
  ) {
    this.runtime = runtime
    this.config = config
    this.args = args
    this.locks = locks
    this.events = new ApacheEvents(
      config.sid ?? 1,
      () => this.epoch,
      (event) => this.tell(event),
    )
    this.exited = new Promise((settle) => {
      this.settleExit = settle
    })
  }

  get pid(): number {
    return this.child?.pid ?? -1
  }

  onEvent(listener: (event: StampedMemberEvent) => void): void {
    this.listeners.push(listener)
  }

  run(): void {
    const [command, ...args] = endWithParent(this.runtime.java, this.args)
    // The JVM gets a process group of its own, because only the supervisor acts on Ctrl-C in a terminal.
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    this.child = child
    // A member does not keep the supervisor's process from ending.
    child.unref()
    for (const stream of [child.stdout, child.stderr]) {
      if (stream instanceof Socket) stream.unref()
      const reader = new LogReader((record) => this.record(record), now)
      stream.setEncoding('utf8').on('data', (text: string) => reader.push(text))
      stream.on('end', () => reader.end())
    }
    if (!this.runtime.logs) this.tell({ at: now(), event: SILENT })
    child.once('error', (error) => this.end({ kind: 'crashed', code: 'NO_JAVA', reason: error.message }))
    child.once('close', (code, signal) => void this.closed(code, signal))
    this.poll()
  }

  /** The epoch in the currentEpoch file. A standalone server has no such file; there the zxid tells it. */
  private get epoch(): number {
    try {
      return Number(readFileSync(join(this.config.dataDir, VERSION_DIR, EPOCH_FILES.current), 'utf8').trim())
    } catch {
      return epochOf(this.events.zxid as Zxid)
    }
  }

  private tell(stamped: StampedMemberEvent): void {
    const { event } = stamped
    if (event.type === 'role' && event.role === 'looking') this.isServing = false
    if (event.type === 'serving') {
      this.isServing = true
      this.hasServed = true
    }
    for (const listener of this.listeners) listener(stamped)
  }

  private record(record: LogRecord): void {
    const asker = /^Processing srvr command from .*:(\d+)$/.exec(record.message)?.[1]
    if (asker !== undefined && this.askingPorts.delete(asker)) return
    this.lastRecords.push(record)
    if (this.lastRecords.length > LAST_LINES) this.lastRecords.shift()
    this.events.take(record)
  }

  /** Since 3.6, the log of a member of an ensemble tells when it serves. Other members are polled. */
  private get logTells(): boolean {
    return this.runtime.logs && isAtLeast(this.runtime.version, [3, 6]) && isDistributed(this.config)
  }

  private poll(): void {
    if (this.logTells) return
    this.polling = setTimeout(() => {
      void this.update().finally(() => {
        if (!this.hasEnded) this.poll()
      })
    }, POLL_MS)
    this.polling.unref()
  }

  private async update(): Promise<void> {
    if (this.isPaused) return
    const before = this.events.role
    const answer = await this.ask(POLL_TIMEOUT_MS)
    // What the log has reported meanwhile is newer.
    if (answer === null || this.hasEnded || this.events.role !== before) return
    const { mode, zxid } = answer
    if (mode === null || mode === 'read-only') {
      if (this.isServing) this.events.seen(now(), 'looking', zxid, false)
    } else if (!this.isServing || mode !== this.events.role) this.events.seen(now(), mode, zxid, true)
  }

  private async ask(timeoutMs: number): Promise<Srvr | null> {
    const { isSecure, ...address } = clientEndpoint(currentConfig(this.config))
    if (isSecure) this.secureDial ??= (await import('../secureDial.ts')).secureDial(this.config)
    const dial = isSecure && this.secureDial !== null ? this.secureDial : connect
    return askSrvr(
      () => dial(address),
      timeoutMs,
      (port) => this.askingPorts.add(String(port)),
    )
  }

  /** With leaderServes=no, a leader answers as if it did not lead, but its log tells that it does. */
  private get leadsAlone(): boolean {
    return !this.config.leaderServes && this.logTells && this.isServing && this.events.role === 'leader'
  }

  async status(timeoutMs: number): Promise<MemberStatus | null> {
    if (this.child === null || this.hasEnded) return null
    const answer = await this.ask(timeoutMs)
    if (answer === null || this.hasEnded) return null
    const mode = answer.mode === 'read-only' ? null : answer.mode
    if (mode !== null) this.events.zxid = answer.zxid
    const { leader, zxid } = this.events
    const role = mode ?? this.events.role
    const serving = mode !== null || this.leadsAlone
    return { role, leader, epoch: this.epoch, zxid, connections: answer.connections, sessions: null, serving }
  }

  async stop(): Promise<ExitInfo> {
    this.asked ??= 'stopped'
    if (this.child === null) this.end({ kind: 'stopped' })
    this.child?.kill('SIGCONT')
    this.child?.kill('SIGTERM')
    const overdue = setTimeout(() => this.child?.kill('SIGKILL'), STOP_MS)
    const exit = await this.exited
    clearTimeout(overdue)
    return exit
  }

  kill(): Promise<ExitInfo> {
    this.asked ??= 'killed'
    if (this.child === null) this.end({ kind: 'killed' })
    this.child?.kill('SIGKILL')
    return this.exited
  }

  async pause(): Promise<void> {
    this.isPaused = true
    this.child?.kill('SIGSTOP')
    if (this.pid > 0) await untilStopped(this.pid)
  }

  async resume(): Promise<void> {
    this.child?.kill('SIGCONT')
    this.isPaused = false
  }

  private async closed(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    if (this.asked !== null) this.end({ kind: this.asked })
    else {
      const { reason, ...explanation } = this.explanation(code, signal)
      const advice = this.hasServed ? [] : await this.dataAdvice()
      this.end({ kind: 'crashed', ...explanation, reason: [reason, ...advice].join('\n') })
    }
  }

  /** What to do if the member refused its data, which its log reports in many ways. */
  private async dataAdvice(): Promise<string[]> {
    const { config } = this
    // This loads storage and tree, which a supervisor does not need otherwise.
    const { isDataAtFault } = await import('../dataFault.ts')
    if (!isDistributed(config) || !isDataAtFault(config)) return []
    return [
      `its data cannot be used; to take everything from the leader: zk-pseudo start ${config.sid} --resync`,
    ]
  }

  /** The first line of the reason is for a table; the other lines give the details. */
  private explanation(
    code: number | null,
    signal: NodeJS.Signals | null,
  ): Pick<Extract<ExitInfo, { kind: 'crashed' }>, 'code' | 'reason'> {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`
    const { lastRecords } = this
    const isCause = ({ level, message }: LogRecord) => level === 'error' && !message.startsWith('Exiting JVM')
    const cause = lastRecords.findLast(isCause) ?? lastRecords.at(-1)
    const last = lastRecords.flatMap(({ message, more }) => [message, ...more.slice(0, 3)]).slice(-LAST_LINES)
    const lines = last.length === 0 ? [] : ['its last lines:', ...last.map((line) => `  ${line}`)]
    const summary =
      cause === undefined ? how : `${how}, ${[cause.message, ...cause.more.slice(0, 1)].join(': ')}`
    return { code: EXIT_CODES.get(code ?? -1) ?? 'UNEXPECTED_ERROR', reason: [summary, ...lines].join('\n') }
  }

  private end(exit: ExitInfo): void {
    if (this.hasEnded) return
    this.hasEnded = true
    if (this.polling !== null) clearTimeout(this.polling)
    for (const lock of this.locks) lock.release()
    this.settleExit(exit)
  }
}

/** The names in org.apache.zookeeper.server.ExitCode. */
const EXIT_CODES: ReadonlyMap<number, string> = new Map([
  [1, 'UNEXPECTED_ERROR'],
  [2, 'INVALID_INVOCATION'],
  [3, 'UNABLE_TO_ACCESS_DATADIR'],
  [4, 'ERROR_STARTING_ADMIN_SERVER'],
  [10, 'TXNLOG_ERROR_TAKING_SNAPSHOT'],
  [12, 'UNMATCHED_TXN_COMMIT'],
  [13, 'QUORUM_PACKET_ERROR'],
  [14, 'UNABLE_TO_BIND_QUORUM_PORT'],
])

const SILENT: MemberEvent = {
  type: 'log',
  level: 'warn',
  message:
    'this Apache ZooKeeper has neither logback nor slf4j-log4j12 or slf4j-reload4j beside its jar: its log, votes and elections are not seen',
}

const now = () => performance.timeOrigin + performance.now()
