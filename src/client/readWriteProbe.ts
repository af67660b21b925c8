/**
 * While a client is connected to a read-only server, looks for a server that takes writes, by sending `isro`
 * to each in turn (ClientCnxn.SendThread.pingRwServer): soon at first, then at growing intervals.
 */
import { clearTimeout, setTimeout } from '../time.ts'
import type { ServerAddress } from './connectString.ts'
import { fourLetterWord } from './fourLetterWord.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 60_000
const ANSWER_MS = 1000

export class ReadWriteProbe {
  private pauseMs = FIRST_PAUSE_MS
  private timer: NodeJS.Timeout | null = null
  private next = 0
  private readonly servers: readonly ServerAddress[]
  private readonly found: (index: number) => void

  /** @param found called once, with the index of a server that takes writes */
  constructor(servers: readonly ServerAddress[], found: (index: number) => void) {
    this.servers = servers
    this.found = found
    this.wait()
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  private wait(): void {
    this.timer = setTimeout(() => void this.ask(), this.pauseMs)
  }

  private async ask(): Promise<void> {
    const index = this.next % this.servers.length
    const { host, port } = this.servers[index] as ServerAddress
    this.next += 1
    const answer = await fourLetterWord(host, port, 'isro', ANSWER_MS).catch(() => 'null')
    if (this.timer === null) return
    if (answer.trim() === 'rw') {
      this.stop()
      this.found(index)
      return
    }
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS)
    this.wait()
  }
}
