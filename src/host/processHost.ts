/** Members in child processes: real pids, SIGKILL, SIGSTOP. */
import { type ChildProcess, fork } from 'node:child_process'
import type { ServerConfig } from '../config/serverConfig.ts'
import { entryFile } from './entries.ts'
import type { ExitInfo, HostFactory, MemberHost, MemberStatus, StampedMemberEvent } from './host.ts'
import type { FromMember, ToMember } from './messages.ts'
import { RemoteMember } from './remoteMember.ts'

export class ProcessHosts implements HostFactory {
  async open(config: ServerConfig): Promise<MemberHost> {
    const member = new ProcessMember()
    await member.open(config)
    return member
  }

  async close(): Promise<void> {}
}

class ProcessMember implements MemberHost {
  readonly isolation = 'process'
  private readonly child: ChildProcess
  private readonly remote: RemoteMember

  constructor() {
    this.child = fork(entryFile('processMember'), [], {
      execArgv: ['--max-semi-space-size=8'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const { child } = this
    this.remote = new RemoteMember((message: ToMember) => {
      if (child.connected) child.send(message)
    })
    child.on('message', (message) => this.remote.receive(message as FromMember))
    child.on('error', (error) => this.remote.gone(error.message))
    child.on('exit', (code, signal) =>
      this.remote.gone(signal === null ? `exit code ${code}` : `signal ${signal}`),
    )
  }

  get pid(): number {
    return this.child.pid ?? -1
  }

  get exited(): Promise<ExitInfo> {
    return this.remote.exited
  }

  async open(config: ServerConfig): Promise<void> {
    await this.remote.open(config)
  }

  onEvent(listener: (event: StampedMemberEvent) => void): void {
    this.remote.onEvent(listener)
  }

  run(): void {
    this.remote.run()
  }

  status(timeoutMs: number): Promise<MemberStatus | null> {
    return this.remote.status(timeoutMs)
  }

  stop(): Promise<ExitInfo> {
    this.child.kill('SIGCONT')
    this.remote.askToStop()
    return this.exited
  }

  kill(): Promise<ExitInfo> {
    this.remote.killing()
    this.child.kill('SIGKILL')
    return this.exited
  }

  async pause(): Promise<void> {
    this.child.kill('SIGSTOP')
  }

  async resume(): Promise<void> {
    this.child.kill('SIGCONT')
  }
}
