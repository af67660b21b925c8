/**
 * Lines of several streams in the order of their times. The members' events and log lines arrive within a few
 * milliseconds of one another, not always the earlier one first: each line waits a moment for what precedes
 * it.
 */

const WAIT_MS = 40

export class InOrder {
  private readonly print: (line: string) => void
  private waiting: { readonly at: number; readonly dueAt: number; readonly line: string }[] = []
  private timer: NodeJS.Timeout | null = null

  constructor(print: (line: string) => void) {
    this.print = print
  }

  /** @param at ms since 1970 */
  add(at: number, line: string): void {
    this.waiting.push({ at, dueAt: performance.now() + WAIT_MS, line })
    this.timer ??= setTimeout(() => this.flush(), WAIT_MS)
  }

  /** No more lines come: those that wait are printed. */
  end(): void {
    this.flush(Number.POSITIVE_INFINITY)
  }

  /** A line that is due takes the earlier ones along, so that none comes too late. */
  private flush(now = performance.now()): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const last = Math.max(...this.waiting.filter(({ dueAt }) => dueAt <= now).map(({ at }) => at))
    const due = this.waiting.filter(({ at }) => at <= last).sort((a, b) => a.at - b.at)
    this.waiting = this.waiting.filter(({ at }) => at > last)
    for (const { line } of due) this.print(line)
    const [next] = this.waiting
    if (next !== undefined) this.timer = setTimeout(() => this.flush(), Math.max(1, next.dueAt - now))
  }
}
