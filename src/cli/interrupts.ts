/**
 * Ctrl-C (SIGINT), SIGTERM and a closed terminal (SIGHUP), as commands that have something to end take them.
 */

/** The exit code that a shell reports for a program that Ctrl-C ended: 128 + SIGINT. */
export const endedByInterrupt = 130

interface Interrupts {
  readonly count: number
  /** Aborted by the first. */
  readonly signal: AbortSignal
  readonly first: Promise<void>
  readonly second: Promise<'now'>
  /** Restores the usual effect of the signals. */
  release(): void
}

export function catchInterrupts(): Interrupts {
  let count = 0
  const abort = new AbortController()
  const first = defer<void>()
  const second = defer<'now'>()
  const heard = (): void => {
    count++
    if (count > 1) second.resolve('now')
    abort.abort()
    first.resolve()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, heard)
  return {
    get count() {
      return count
    },
    signal: abort.signal,
    first: first.promise,
    second: second.promise,
    release: () => {
      for (const signal of signals) process.off(signal, heard)
    },
  }
}

export function defer<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
