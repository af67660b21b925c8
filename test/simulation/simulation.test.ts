/** A few hundred ensembles under faults; and proof that the checks would find what they look for. */
import { describe, expect, it } from 'vitest'
import { type PlantedFault, plantedFaults } from './faults.ts'
import { simulate } from './world.ts'

describe('simulated ensembles', () => {
  it('hold every check under faults, and serve again when the faults end', { timeout: 120_000 }, () => {
    const results = Array.from({ length: 250 }, (_, i) => simulate({ seed: i + 1 }))
    const sum = (field: 'epochs' | 'acknowledged' | 'reads') =>
      results.reduce((total, result) => total + result[field], 0)
    // Worlds in which nothing happens would hold every check, too.
    expect(sum('epochs')).toBeGreaterThan(250 * 2)
    expect(sum('acknowledged')).toBeGreaterThan(250 * 100)
    expect(sum('reads')).toBeGreaterThan(250 * 50)
  })

  it('hold every check with a minority of damaged disks', { timeout: 120_000 }, () => {
    const results = Array.from({ length: 40 }, (_, i) => simulate({ seed: i + 1, damage: true }))
    const sum = (field: 'damaged' | 'refused' | 'resynced') =>
      results.reduce((total, { damage }) => total + damage[field], 0)
    expect(sum('damaged')).toBeGreaterThan(20)
    expect(sum('refused')).toBeGreaterThan(20)
    expect(sum('resynced')).toBeGreaterThan(10)
  })

  it('replay exactly', () => {
    const traceOf = () => {
      const lines: string[] = []
      const result = simulate({ seed: 7, trace: (line) => lines.push(line) })
      return { lines, result }
    }
    const first = traceOf()
    expect(traceOf()).toEqual(first)
    expect(first.lines.length).toBeGreaterThan(100)
  })
})

describe('planted faults', () => {
  /** Seeds that are known to find it, tried first: the search is for when the worlds have changed. */
  const known: Readonly<Record<PlantedFault, number>> = {
    'ignore-record': 175,
    'cut-to-nothing': 365,
    'ack-before-fsync': 94,
    'half-quorum': 1,
    'skip-trunc': 10,
    'forget-accepted-epoch': 1,
    'old-quorum-only': 6,
    'new-quorum-only': 7,
    'elect-by-committed': 4,
    'forget-pending-config': 1,
    'keep-stale-config': 10,
    'newleader-carries-pending': 66,
    'sync-who-is-behind': 39,
    'forget-former-quorum': 190,
  }

  /** What the checks say; null when no seed makes them say anything. */
  function find(fault: PlantedFault): string | null {
    const others = Array.from({ length: 1000 }, (_, i) => i + 1)
    for (const seed of [known[fault], ...others]) {
      try {
        simulate({ seed, fault })
      } catch (error) {
        return String(error)
      }
    }
    return null
  }

  it.each(plantedFaults)('%s is found within a thousand seeds', { timeout: 180_000 }, (fault) => {
    const finding = find(fault)
    expect(finding, 'no seed of a thousand found it').not.toBeNull()
    // By a check or an assertion of the core, not by some mishap of the simulation.
    expect(finding).toMatch(/^(Violation|InvariantError|DivergenceError)/)
  })
})
