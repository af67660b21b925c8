/** Members in child processes, with real pids, SIGKILL and SIGSTOP. */
import { type ChildProcess, fork } from 'node:child_process'
import type { ServerConfig } from '../config/serverConfig.ts'
import { endWithParent, untilStopped } from './childProcess.ts'
import { entryFile } from './entries.ts'
import type { ExitInfo, HostFactory, MemberHost } from './host.ts'
import type { FromMember, ToMember } from './messages.ts'
import { RemoteHost, RemoteMember } from './remoteMember.ts'

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
    // A member does not keep the supervisor's process from ending, and ends with it.
    child.unref()
    child.channel?.unref()
    this.remote = new RemoteMember((message: ToMember) => {
      if (child.connected) child.send(message)
    })
    child.on('message', (message) => this.remote.receive(message as FromMember))
    child.on('error', (error) => this.remote.gone(error))
    // The event is not `exit`, which may come before the member's last messages have been read.
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
    await untilStopped(this.pid)
  }

  async resume(): Promise<void> {
    this.child.kill('SIGCONT')
  }
}

/**
 * How to fork a member so that it ends with its supervisor. It usually notices the supervisor's end by the
 * channel between them, but when it is frozen only the system can end it.
 */
function underParent(nodeArguments: string[]): { execPath: string; execArgv: string[] } {
  const [execPath, ...execArgv] = endWithParent(process.execPath, nodeArguments)
  return { execPath, execArgv }
}
