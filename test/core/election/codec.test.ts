import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeGreeting,
  decodeNotification,
  encodeGreeting,
  encodeNotification,
} from '../../../src/core/election/codec.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { DecodeError } from '../../../src/protocol/reader.ts'
import type { Zxid } from '../../../src/protocol/zxid.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const config = 'server.1=127.0.0.1:24186:24187:participant\nversion=0'.padEnd(138, ' ')

/** Recorded from Apache ZooKeeper 3.8: server 1 hears that 3 is voted for in round 1. */
const recorded = hex(
  `000000b6 00000000 0000000000000003 0000000000000000 0000000000000001 0000000000000000 00000002 0000008a ${Buffer.from(config).toString('hex')}`,
)
const notification = {
  state: 0 as const,
  leader: 3 as Sid,
  zxid: 0 as Zxid,
  electionEpoch: 1,
  peerEpoch: 0,
  version: 2,
  config,
}
const body = recorded.subarray(4)

describe('notifications', () => {
  it('are those that Apache writes', () => {
    expect(encodeNotification(notification)).toEqual(recorded)
    expect(decodeNotification(body)).toEqual(notification)
  })

  it('may have an empty config', () => {
    const bytes = encodeNotification({ ...notification, config: '' })
    expect(bytes).toHaveLength(48)
    expect(decodeNotification(bytes.subarray(4))).toEqual({ ...notification, config: '' })
  })

  it('are read in the form of 3.3, whose epoch is in the zxid', () => {
    const old = Buffer.from(body.subarray(0, 28))
    old.writeInt32BE(7, 12)
    expect(decodeNotification(old)).toMatchObject({ leader: 3, peerEpoch: 7, version: 0, config: '' })
  })

  it('are read in the form of 3.4.6, as version 0', () => {
    const old = Buffer.from(body.subarray(0, 40))
    old.writeInt32BE(1, 36)
    expect(decodeNotification(old)).toEqual({ ...notification, version: 0, config: '' })
  })

  it('take the votes of observers', () => {
    const least = -(2 ** 63)
    const vote = { ...notification, leader: least as Sid, zxid: least as Zxid, peerEpoch: least }
    expect(encodeNotification(vote).toString('hex', 8, 16)).toBe('8000000000000000')
    expect(decodeNotification(encodeNotification(vote).subarray(4))).toEqual(vote)
  })

  it.each([
    ['shorter than any version', body.subarray(0, 27)],
    ['of 36 bytes, as 3.4.0 to 3.4.5 sent them', body.subarray(0, 36)],
    ['cut in its config', body.subarray(0, 100)],
    ['of an unknown state', Buffer.concat([hex('00000004'), body.subarray(4)])],
    ['of a negative config length', Buffer.concat([body.subarray(0, 40), hex('fffffffe')])],
    ['without a config', Buffer.concat([body.subarray(0, 40), hex('ffffffff')])],
    [
      'of a round that no number holds',
      Buffer.concat([body.subarray(0, 20), hex('7fffffffffffffff'), body.subarray(28)]),
    ],
  ])('are refused when %s', (_, bytes) => {
    expect(() => decodeNotification(bytes)).toThrow(DecodeError)
  })

  it('never throw anything but a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
        onlyDecodeErrors(() => decodeNotification(Buffer.from(bytes))),
      ),
    )
  })
})

describe('greetings', () => {
  const recordedGreeting = hex(
    `ffffffffffff0000 0000000000000003 0000000f ${Buffer.from('127.0.0.1:24189').toString('hex')}`,
  )
  const address = { host: '127.0.0.1', port: 24189 }

  it('are those that Apache writes', () => {
    expect(encodeGreeting(3 as Sid, address)).toEqual(recordedGreeting)
    const followed = Buffer.concat([recordedGreeting, recorded])
    expect(decodeGreeting(followed)).toEqual({ greeting: { sid: 3, addresses: [address] }, length: 35 })
  })

  it('are waited for byte by byte', () => {
    for (let end = 0; end < recordedGreeting.length; end++) {
      expect(decodeGreeting(recordedGreeting.subarray(0, end))).toBeNull()
    }
  })

  it('may name several addresses, IPv6 too; wildcards cannot be dialled', () => {
    const text = '[::1]:4000|0.0.0.0:4001|[::]:4002|host.example:4003'
    const bytes = Buffer.concat([hex('ffffffffffff0001 0000000000000002'), lengthOf(text), Buffer.from(text)])
    expect(decodeGreeting(bytes)?.greeting.addresses).toEqual([
      { host: '::1', port: 4000 },
      { host: 'host.example', port: 4003 },
    ])
    expect(encodeGreeting(2 as Sid, { host: '::1', port: 4000 }).toString('latin1', 20)).toBe('[::1]:4000')
  })

  it('are a bare sid before 3.5', () => {
    expect(decodeGreeting(hex('0000000000000002 000000b6'))).toEqual({
      greeting: { sid: 2, addresses: [] },
      length: 8,
    })
  })

  it.each([
    ['an unknown version', hex('ffffffffffff0002 0000000000000002 00000001')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['a negative sid', hex('ffffffffffff0000 ffffffffffffffff 00000001')],
    ['an observer without an id', hex('7fffffffffffffff')],
    ['no address', hex('ffffffffffff0000 0000000000000002 00000000')],
    ['an address of 2 GiB', hex('ffffffffffff0000 0000000000000002 7fffffff')],
    ['an address of negative length', hex('ffffffffffff0000 0000000000000002 ffffffff')],
    [
      'a host without a port',
      Buffer.concat([recordedGreeting.subarray(0, 16), lengthOf('host'), Buffer.from('host')]),
    ],
    ['port 0', Buffer.concat([recordedGreeting.subarray(0, 16), lengthOf('host:0'), Buffer.from('host:0')])],
  ])('are refused for %s', (_, bytes) => {
    expect(() => decodeGreeting(bytes)).toThrow(DecodeError)
  })

  it('never throw anything but a DecodeError', () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      recordedGreeting.subarray(0, 8),
      recordedGreeting.subarray(0, 19),
    )
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 100 }), (head, tail) =>
        onlyDecodeErrors(() => decodeGreeting(Buffer.concat([head, tail]))),
      ),
    )
  })
})

function lengthOf(text: string): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(text.length)
  return bytes
}

function onlyDecodeErrors(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
  }
}
