/** Apache ZooKeeper servers that run from existing configs: one JVM each, which ends with the test. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { ZooKeeper } from '../../src/client/zookeeper.ts'
import { spawnApache } from '../support/apache.ts'

export class ApacheServers implements AsyncDisposable {
  readonly #children: ChildProcess[] = []
  #said = ''

  /** @param flags options for the JVM, such as `-Djute.maxbuffer=…` */
  start(config: string, flags: readonly string[], dir: string): void {
    const child = spawnApache(config, dir, ['-Xmx128m', ...flags], ['ignore', 'ignore', 'pipe'])
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#said += text
    })
    this.#children.push(child)
  }

  /**
   * A client of these servers, once they serve. When a config is refused, the error has the servers' exit
   * codes and output.
   */
  client(connectString: string): Promise<ZooKeeper> {
    return ZooKeeper.connect(connectString, { timeoutMs: 60_000 }).catch((cause: unknown) => {
      const codes = this.#children.map(({ exitCode }) => exitCode ?? 'running')
      throw new Error(`Apache ZooKeeper does not serve (${codes.join(', ')}) ${this.#said}`, { cause })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#children
      .splice(0)
      .filter((child) => child.exitCode === null && child.signalCode === null)
    // All at once: a server without a quorum takes its time to stop.
    const exits = running.map((child) => once(child, 'exit'))
    for (const child of running) child.kill('SIGTERM')
    await Promise.all(exits)
  }
}
