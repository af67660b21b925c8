import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spreadPorts } from '../../src/config/localize/ports.ts'

describe('ports', () => {
  const spread = (...wishes: [kind: string, port: number][]) =>
    spreadPorts(wishes.map(([kind, port], sid) => ({ sid, kind, port })))

  it('are kept where nobody else wants them', () => {
    expect(spread(['c', 2181], ['c', 2182], ['q', 2888])).toEqual({ ports: [2181, 2182, 2888], step: null })
  })

  it('are counted up in steps that lead to no port of another', () => {
    const wishes: [string, number][] = [
      ['q', 2888],
      ['q', 2888],
      ['q', 2888],
      ['e', 2889],
      ['e', 2889],
      ['e', 2889],
    ]
    expect(spread(...wishes)).toEqual({ ports: [2888, 2898, 2908, 2889, 2899, 2909], step: 10 })
  })

  it('never leave the range, nor take what another asked for', () => {
    expect(spread(['c', 65_535], ['c', 65_535], ['c', 1024]).ports).toEqual([65_535, 1025, 1024])
  })

  it('are distinct for any wishes, and the first to ask keeps its own', () => {
    const wish = fc.tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 2181, max: 2190 })),
    )
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 40 }), (wishes) => {
        const { ports } = spread(...wishes)
        expect(new Set(ports).size).toBe(wishes.length)
        wishes.forEach(([, port], i) => {
          if (wishes.findIndex((other) => other[1] === port) === i) expect(ports[i]).toBe(port)
        })
      }),
    )
  })
})
