import { describe, expect, it } from 'vitest'
import { Ensemble } from '../../src/ensemble/index.ts'

/** As a caller without types has it. */
type Loose = Record<string, unknown>

const start = (options: unknown) => Ensemble.start(options as Loose)

describe('what Ensemble.start is given', () => {
  it.each<[unknown, string, string | null]>([
    [{ memebers: 5 }, 'Ensemble.start has no option memebers', 'did you mean members?'],
    [{ colour: 'red' }, 'Ensemble.start has no option colour', 'it has members, observers, ports, dir'],
    [{ members: '3' }, "members of Ensemble.start is a whole number from 1 to 99, not '3'", null],
    [{ members: 0 }, 'members of Ensemble.start is a whole number from 1 to 99, not 0', null],
    [{ ports: 'atuo' }, "ports of Ensemble.start is 'auto', or a whole number", "did you mean 'auto'?"],
    [
      { isolation: 'proces' },
      "isolation of Ensemble.start is 'thread' or 'process'",
      "did you mean 'process'?",
    ],
    [{ engine: 'apach' }, "engine of Ensemble.start is 'zk-pseudo' or 'apache'", "did you mean 'apache'?"],
    [{ engine: { 0: 'apach' } }, 'engine of Ensemble.start', null],
    [{ set: { tickTime: 500 } }, 'set of Ensemble.start is keys of zoo.cfg with texts', null],
    [{ configs: 'a.cfg' }, 'configs of Ensemble.start is an array', null],
    [{ waitTimeoutMs: -1 }, 'waitTimeoutMs of Ensemble.start is milliseconds', null],
    [{ waitTimeoutMs: Number.NaN }, 'waitTimeoutMs of Ensemble.start is milliseconds', null],
    [{ dir: '' }, 'dir of Ensemble.start is a text that is not empty', null],
    [3, 'the options of Ensemble.start are an object, not 3', null],
    [null, 'the options of Ensemble.start are an object, not null', null],
  ])('%j is refused', async (options, message, hint) => {
    const error = await start(options).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'OperationError', code: 'USAGE', exitCode: 2 })
    expect((error as Error).message).toContain(message)
    if (hint !== null) expect((error as { hint: string }).hint).toContain(hint)
  })

  it('may be undefined, as if it was not there', async () => {
    const asked = start({ members: 1, name: undefined, observers: undefined })
    await (await asked).close()
  })
})

describe('what the methods are given', () => {
  it('is checked', async () => {
    await using ensemble = await Ensemble.start({ members: 1 })
    const loose = ensemble as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>
    const refused: [string, unknown[], string][] = [
      ['kill', [], 'the selector of kill is an id, a port'],
      ['kill', [null], 'the selector of kill is an id, a port'],
      ['kill', [Number.NaN], 'the selector of kill is an id, a port'],
      ['stop', [0, { wait: 'no' }], "wait of stop is true or false, not 'no'"],
      ['restart', [0, { timeout: 5 }], 'restart has no option timeout'],
      ['pause', [0, { waitTimeout: 5 }], 'pause has no option waitTimeout'],
      ['handover', ['apach'], "the engine of handover is 'zk-pseudo' or 'apache'"],
      ['handover', ['apache', [], { signal: 1 }], 'signal of handover is an AbortSignal'],
      ['waitForLeader', ['soon'], "what waitForLeader is given is milliseconds, 0 to 86400000, not 'soon'"],
    ]
    for (const [method, given, message] of refused) {
      const error = await loose[method]?.(...given).catch((thrown: unknown) => thrown)
      expect(error, method).toMatchObject({ code: 'USAGE', message: expect.stringContaining(message) })
    }
    expect(() => loose.on?.('event')).toThrow('what on is given is a function')
    expect(() => loose.events?.({ sinc: 1 })).toThrow('events has no option sinc')
    await expect(Ensemble.connect(5 as never)).rejects.toMatchObject({ code: 'USAGE' })
    expect(await ensemble.restart(0)).toMatchObject({ quorum: true })
  })
})
