import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameParser } from '../../src/protocol/frames.ts'
import { DecodeError } from '../../src/protocol/reader.ts'

function framed(...payloads: Buffer[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const head = Buffer.alloc(4)
      head.writeInt32BE(payload.length)
      return [head, payload]
    }),
  )
}

function parse(chunks: readonly Buffer[], maxLength = 1000): Buffer[] {
  const parser = new FrameParser(maxLength)
  const frames: Buffer[] = []
  for (const chunk of chunks) parser.push(chunk, (frame) => frames.push(frame))
  return frames
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

/** Cuts bytes at arbitrary places. */
function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b)
  return [...ends, whole.length].map((end, i) => whole.subarray(i === 0 ? 0 : ends[i - 1], end))
}

describe('frames', () => {
  it('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(bytes(40)), fc.array(fc.nat(), { maxLength: 20 }), (payloads, places) => {
        expect(parse(cut(framed(...payloads), places))).toEqual(payloads)
      }),
    )
  })

  it('come out of single bytes', () => {
    const payloads = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('three'), Buffer.alloc(0)]
    expect(parse([...framed(...payloads)].map((byte) => Buffer.from([byte])))).toEqual(payloads)
  })

  it('are views of the chunk that holds them whole', () => {
    const chunk = framed(Buffer.from('whole'), Buffer.from('also'))
    for (const frame of parse([chunk])) expect(frame.buffer).toBe(chunk.buffer)
  })

  it('are not written again by later chunks', () => {
    const first = Buffer.from('spread over chunks')
    const stream = framed(first, Buffer.alloc(first.length, 1), Buffer.alloc(first.length, 2))
    const [frame] = parse([stream.subarray(0, 7), stream.subarray(7, 30), stream.subarray(30)])
    expect(frame).toEqual(first)
  })

  it('may be as long as is allowed and no longer', () => {
    expect(parse([framed(Buffer.alloc(1000))])).toHaveLength(1)
    expect(() => parse([framed(Buffer.alloc(1001))])).toThrow(DecodeError)
    expect(() => parse([framed(Buffer.alloc(1001)).subarray(0, 4)])).toThrow('1001 bytes, 1000 at most')
  })

  it.each([-1, -2147483648, 2147483647])(
    'of length %i are an error, in one chunk or byte by byte',
    (length) => {
      const head = Buffer.alloc(4)
      head.writeInt32BE(length)
      expect(() => parse([head])).toThrow(DecodeError)
      expect(() => parse([...head].map((byte) => Buffer.from([byte])))).toThrow(DecodeError)
    },
  )

  it('before a bad length are handed out', () => {
    const frames: Buffer[] = []
    const stream = Buffer.concat([framed(Buffer.from('good')), Buffer.from([255, 255, 255, 255])])
    expect(() => new FrameParser(10).push(stream, (frame) => frames.push(frame))).toThrow(DecodeError)
    expect(frames).toEqual([Buffer.from('good')])
  })

  it('of random bytes end in frames or a DecodeError', () => {
    fc.assert(
      fc.property(fc.array(bytes(64)), (chunks) => {
        try {
          parse(chunks)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
    )
  })
})
