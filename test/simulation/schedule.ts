/** Virtual time: things happen in the order of their times, ties in the order in which they were planned. */
export interface Planned {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class Schedule {
  nowMs = 0
  private readonly heap: Planned[] = []
  private planned = 0
  private atOnce = 0

  at(atMs: number, run: () => void): void {
    this.planned += 1
    const item = { atMs: Math.max(atMs, this.nowMs), order: this.planned, run }
    this.heap.push(item)
    this.up(this.heap.length - 1)
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run)
  }

  /** Runs the next thing; false when nothing is left before `untilMs`. */
  step(untilMs: number): boolean {
    const first = this.heap[0]
    if (first === undefined || first.atMs > untilMs) return false
    const last = this.heap.pop() as Planned
    if (this.heap.length > 0) {
      this.heap[0] = last
      this.down(0)
    }
    this.atOnce = first.atMs > this.nowMs ? 0 : this.atOnce + 1
    // Something that wakes itself without end would otherwise stop time.
    if (this.atOnce > 20_000) throw new Error(`time stands still at ${this.nowMs} ms`)
    this.nowMs = first.atMs
    first.run()
    return true
  }

  private before(i: number, j: number): boolean {
    const a = this.heap[i] as Planned
    const b = this.heap[j] as Planned
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  }

  private swap(i: number, j: number): void {
    const a = this.heap[i] as Planned
    this.heap[i] = this.heap[j] as Planned
    this.heap[j] = a
  }

  private up(start: number): void {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!this.before(i, parent)) return
      this.swap(i, parent)
      i = parent
    }
  }

  private down(start: number): void {
    for (let i = start; ; ) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < this.heap.length && this.before(child, least)) least = child
      }
      if (least === i) return
      this.swap(i, least)
      i = least
    }
  }
}
