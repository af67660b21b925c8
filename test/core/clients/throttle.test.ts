/** Clients are slowed down, kept in order, and never forgotten. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectionThrottle } from '../../../src/core/clients/connectionThrottle.ts'
import type { RequestOptions } from '../../../src/core/clients/options.ts'
import { DEFAULT_THROTTLE, type ThrottleOptions } from '../../../src/core/clients/throttleOptions.ts'
import { bool, buffer, connectRequest, createBody, int, request } from '../../support/wire.ts'
import { type CoreLine, CoreServer } from '../requests/coreServer.ts'

const CLOSED = 'closed'

function throttled(throttle: Partial<ThrottleOptions>, options: Partial<RequestOptions> = {}): CoreServer {
  return new CoreServer({ throttle: { ...DEFAULT_THROTTLE, ...throttle }, ...options })
}

function open(server: CoreServer): CoreLine {
  const line = server.dial()
  line.send(connectRequest(10_000))
  expect(line.take()?.length).toBe(37)
  return line
}

const create = (xid: number, size = 1) => request(xid, 1, createBody(`/n-`, Buffer.alloc(size), 2))
const read = (xid: number) => request(xid, 4, buffer('/'), bool(false))
const sync = (xid: number) => request(xid, 9, buffer('/'))
const ping = () => request(-2, 11)
const close = (xid: number) => request(xid, -11)

/** Of all that has come: xid, and the error where there is one. */
function answers(line: CoreLine): (number | string)[] {
  return line.received.splice(0).map((bytes) => {
    if (bytes === null) return CLOSED
    const err = bytes.readInt32BE(16)
    return err === 0 ? bytes.readInt32BE(4) : `${bytes.readInt32BE(4)}: ${err}`
  })
}

describe('what is under way', () => {
  it('stops the reading from those who have something under way, above globalOutstandingLimit', () => {
    const server = throttled({ globalOutstandingLimit: 2 })
    const [busy, other] = [open(server), open(server)]
    server.isDiskStuck = true
    for (const xid of [1, 2]) busy.send(create(xid))
    expect(server.throttled.get(busy.connection)).not.toBe(true)
    busy.send(create(3))
    expect(server.throttled.get(busy.connection)).toBe(true)
    // A ping is no request that is counted; the one behind it is, and stops its connection, too.
    other.send(ping())
    expect(server.throttled.get(other.connection)).not.toBe(true)
    expect(answers(other)).toEqual([-2])
    other.send(create(1))
    expect(server.throttled.get(other.connection)).toBe(true)
    server.unstickDisk()
    expect(answers(busy)).toEqual([1, 2, 3])
    expect(answers(other)).toEqual([1])
    expect([...server.throttled.values()]).toEqual([false, false])
  })

  it('keeps the order of a pipeline even when the limit is 1', () => {
    const server = throttled({ globalOutstandingLimit: 1 })
    const line = open(server)
    server.isDiskStuck = true
    const frames = [create(1), read(2), sync(3), read(4), create(5), ping(), create(6), close(7)]
    for (const frame of frames) line.send(frame)
    expect(answers(line)).toEqual([])
    server.unstickDisk()
    expect(answers(line)).toEqual([1, 2, 3, 4, 5, -2, 6, 7, CLOSED])
  })

  it('reads nothing from a connection whose session is being opened', () => {
    const server = throttled({})
    server.isDiskStuck = true
    const line = server.dial()
    line.send(connectRequest(10_000))
    expect(server.throttled.get(line.connection)).toBe(true)
    server.unstickDisk()
    expect(server.throttled.get(line.connection)).toBe(false)
  })

  it('bounds the reads that wait behind one write', () => {
    const server = throttled({})
    const line = open(server)
    server.isDiskStuck = true
    line.send(create(1))
    let sent = 1
    while (server.throttled.get(line.connection) !== true) line.send(read(++sent))
    expect(sent).toBeLessThan(100)
    server.unstickDisk()
    expect(answers(line)).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
    expect(server.throttled.get(line.connection)).toBe(false)
  })
})

describe('the line of requests', () => {
  it('lets in what is behind as what is before it is done', () => {
    const server = throttled({ maxRequests: 1 })
    const [a, b] = [open(server), open(server)]
    server.isDiskStuck = true
    a.send(create(1))
    a.send(create(2))
    b.send(read(1))
    a.send(sync(3))
    b.send(ping())
    b.send(close(2))
    expect([answers(a), answers(b)]).toEqual([[], []])
    server.unstickDisk()
    expect(answers(a)).toEqual([1, 2, 3])
    expect(answers(b)).toEqual([1, -2, 2, CLOSED])
  })

  it('does what a client asked for before it went, and nothing of it that nobody would see', () => {
    const server = throttled({ maxRequests: 1, dropsStale: false })
    const [a, b] = [open(server), open(server)]
    server.isDiskStuck = true
    a.send(create(1))
    b.send(create(1))
    b.send(read(2))
    b.send(close(3))
    server.hangUp(b.connection)
    const before = server.transactions.length
    server.unstickDisk()
    expect(server.transactions.slice(before).map(({ body }) => body.type)).toEqual([1, -11])
    expect(answers(b)).toEqual([])
  })

  it('drops what is stale, but for the end of a session', () => {
    const server = throttled({ maxRequests: 1 })
    const [a, b] = [open(server), open(server)]
    server.isDiskStuck = true
    a.send(create(1))
    b.send(close(1))
    server.hangUp(b.connection)
    const c = open2(server)
    const before = server.transactions.length
    server.unstickDisk()
    expect(server.transactions.slice(before).map(({ body }) => body.type)).toContain(-11)
    expect(answers(a)).toEqual([1])
    expect(c).toBeDefined()
  })

  it('drops a connection whose request waited longer than its session may last', () => {
    const server = throttled({ maxRequests: 1, checksStaleLatency: true })
    const [a, b] = [open(server), open(server)]
    server.isDiskStuck = true
    a.send(create(1))
    b.send(create(1))
    b.send(create(2))
    server.now = { monotonicMs: server.now.monotonicMs + 10_001, wallMs: server.now.wallMs }
    const before = server.transactions.length
    server.unstickDisk()
    expect(answers(a)).toEqual([1])
    expect(answers(b)).toEqual([CLOSED])
    expect(server.transactions.length).toBe(before)
  })

  it('answers ThrottledOp, in its place, to what waited longer than throttled_op_wait_time', () => {
    const server = throttled({ maxRequests: 1, throttledOpWaitMs: 50 })
    const [a, b] = [open(server), open(server)]
    server.isDiskStuck = true
    a.send(create(1))
    for (const frame of [create(1), read(2), ping(), sync(3), close(4)]) b.send(frame)
    server.now = { monotonicMs: server.now.monotonicMs + 51, wallMs: server.now.wallMs }
    server.unstickDisk()
    expect(answers(a)).toEqual([1])
    expect(answers(b)).toEqual(['1: -127', '2: -127', -2, '3: -127', 4, CLOSED])
  })

  it('closes on a large request when too many bytes of such are under way', () => {
    const server = throttled({ largeRequestThreshold: 100, largeRequestMaxBytes: 1000 })
    const [a, b] = [open(server), open(server)]
    server.isDiskStuck = true
    a.send(create(1, 600))
    b.send(create(1, 50))
    b.send(create(2, 600))
    expect(answers(b)).toEqual([CLOSED])
    server.unstickDisk()
    expect(answers(a)).toEqual([1])
    a.send(create(2, 600))
    expect(answers(a)).toEqual([2])
  })

  it('answers everybody in order, whatever the limits and the disk do', () => {
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant('send' as const), client: fc.nat(3), what: fc.nat(3) }),
      },
      { weight: 2, arbitrary: fc.constantFrom({ kind: 'stick' as const }, { kind: 'unstick' as const }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('hangUp' as const), client: fc.nat(3) }) },
    )
    const limits = fc.record({
      globalOutstandingLimit: fc.integer({ min: 1, max: 3 }),
      maxRequests: fc.nat(3),
    })
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 60 }), (throttle, steps) => {
        const server = throttled(throttle)
        const clients = Array.from({ length: 4 }, () => ({ line: open(server), sent: 0, isGone: false }))
        for (const each of steps) {
          if (each.kind === 'stick') server.isDiskStuck = true
          else if (each.kind === 'unstick') server.unstickDisk()
          else if ('client' in each) {
            const client = clients[each.client] as (typeof clients)[number]
            if (client.isGone) continue
            if (each.kind === 'hangUp') {
              client.isGone = true
              server.hangUp(client.line.connection)
            } else {
              client.sent += 1
              client.line.send([create, read, sync, create][each.what]?.(client.sent) as Buffer)
            }
          }
        }
        server.unstickDisk()
        for (const { line, sent, isGone } of clients) {
          if (isGone) continue
          expect(answers(line)).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
          expect(server.throttled.get(line.connection)).not.toBe(true)
        }
        expect(server.core.pipeline.outstanding).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})

/** A session whose opening waits for the disk. */
function open2(server: CoreServer): CoreLine {
  const line = server.dial()
  line.send(connectRequest(10_000))
  return line
}

describe('the throttle of connections', () => {
  const at = (monotonicMs: number) => ({ monotonicMs, wallMs: 0 })
  const fresh = connectRequest(1000).subarray(4)
  const renewed = connectRequest(1000, { id: 5n, password: Buffer.alloc(16) }).subarray(4)
  const options = { ...DEFAULT_THROTTLE.connections, tokens: 2, fillTimeMs: 10 }

  it('is off without tokens', () => {
    const throttle = new ConnectionThrottle(DEFAULT_THROTTLE.connections, () => 0)
    expect(Array.from({ length: 100 }, () => throttle.admits(fresh, at(0)))).not.toContain(false)
  })

  it('gives out as many as there are, and fills with time', () => {
    const throttle = new ConnectionThrottle(options, () => 1)
    const ask = (ms: number) => throttle.admits(fresh, at(ms))
    expect([ask(0), ask(0), ask(0), ask(10)]).toEqual([true, true, false, false])
    expect([ask(11), ask(11)]).toEqual([true, false])
    expect([ask(1000), ask(1000), ask(1000)]).toEqual([true, true, false])
  })

  it('weighs new sessions and those that come back', () => {
    const weights = { tokens: 6, newSessionWeight: 3, renewedSessionWeight: 2 }
    const throttle = new ConnectionThrottle({ ...options, ...weights }, () => 1)
    expect(throttle.admits(fresh, at(0))).toBe(true)
    expect(throttle.admits(renewed, at(0))).toBe(true)
    expect(throttle.admits(renewed, at(0))).toBe(false)
    expect(throttle.admits(Buffer.alloc(3), at(0))).toBe(false)
  })

  it('turns away a share that grows while the bucket is empty, and falls when it is full', () => {
    const blue = { freezeTimeMs: 0, dropIncrease: 0.4, dropDecrease: 0.1, fillTimeMs: 1_000_000 }
    let luck = 1
    const throttle = new ConnectionThrottle({ ...options, ...blue }, () => luck)
    for (const ms of [0, 0]) throttle.admits(fresh, at(ms))
    expect(throttle.dropChance).toBe(0)
    for (const ms of [1, 2, 3]) throttle.admits(fresh, at(ms))
    expect(throttle.dropChance).toBe(1)
    luck = 0.5
    expect(throttle.admits(fresh, at(3_000_000))).toBe(false)
    expect(throttle.dropChance).toBeCloseTo(0.9)
    luck = 0.95
    expect(throttle.admits(fresh, at(3_000_001))).toBe(true)
  })

  it('closes who gets no token, without an answer', () => {
    const server = throttled({ connections: options })
    open(server)
    open(server)
    const third = server.dial()
    third.send(connectRequest(1000))
    expect(answers(third)).toEqual([CLOSED])
    server.now = { monotonicMs: 100, wallMs: 0 }
    open(server)
  })
})

it('counts what is asked of SASL and auth as answered', () => {
  const server = throttled({ globalOutstandingLimit: 1 })
  const line = open(server)
  line.send(request(1, 102, buffer('')))
  line.send(request(2, 100, int(0), buffer('ip'), buffer('')))
  expect(answers(line)).toEqual([1, 2])
  expect(server.core.pipeline.outstanding).toBe(0)
})
