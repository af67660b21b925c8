/** Members in child processes: real pids, SIGKILL, SIGSTOP. */
import { type ChildProcess, fork } from 'node:child_process'
import type { ServerConfig } from '../config/serverConfig.ts'
import { entryFile } from './entries.ts'
import type { ExitInfo, HostFactory, MemberHost } from './host.ts'
import type { FromMember, ToMember } from './messages.ts'
import { RemoteHost, RemoteMember } from './remoteMember.ts'
import { untilStandstill } from './standstill.ts'
import { endWithParent } from './underParent.ts'

export class ProcessHosts implements HostFactory {
  async open(config: ServerConfig): Promise<MemberHost> {
    const member = new ProcessMember()
    await member.open(config)
    return member
  }

  async close(): Promise<void> {}
}

class ProcessMember extends RemoteHost implements MemberHost {
  readonly isolation = 'process'
  private readonly child: ChildProcess
  protected readonly remote: RemoteMember

  constructor() {
    super()
    this.child = fork(entryFile('processMember'), [], {
      ...underParent(['--max-semi-space-size=8']),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const { child } = this
    // A member does not keep a process from ending by itself, and ends with it.
    child.unref()
    child.channel?.unref()
    this.remote = new RemoteMember((message: ToMember) => {
      if (child.connected) child.send(message)
    })
    child.on('message', (message) => this.remote.receive(message as FromMember))
    child.on('error', (error) => this.remote.gone(error))
    // Not `exit`, which may come before what the member said last was read.
    child.on('close', (code, signal) =>
      this.remote.gone(signal === null ? `exit code ${code}` : `signal ${signal}`),
    )
  }

  get pid(): number {
    return this.child.pid ?? -1
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
    await untilStandstill(this.pid)
  }

  async resume(): Promise<void> {
    this.child.kill('SIGCONT')
  }
}

/**
 * A member notices its supervisor's end by the channel between them, unless it is frozen: then the system
 * ends it.
 */
function underParent(nodeArguments: string[]): { execPath: string; execArgv: string[] } {
  const [execPath, ...execArgv] = endWithParent(process.execPath, nodeArguments)
  return { execPath, execArgv }
}
