/** The benchmarks at toy size, so that none of them rots: every scenario measures and every check passes. */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { goals } from '../../bench/ensemble/goals.ts'
import type { Report } from '../../bench/ensemble/report.ts'
import { LatencyHistogram, median } from '../../bench/ensemble/statistics.ts'
import type { MicroResult } from '../../bench/micro/bench.ts'
import { runProgram } from '../support/programs.ts'

const bundle = process.env.ZK_PSEUDO_BENCH ?? fileURLToPath(new URL('../../build/bench.js', import.meta.url))
const engine = process.env.ZK_TEST_ENGINE ?? 'zk-pseudo'

it('runs every scenario against an ensemble', { timeout: 120_000 }, async () => {
  const args = [bundle, '--toy', '--engine', engine, '--json']
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { timeoutMs: 110_000 })
  expect(code, stderr).toBe(0)
  const report: Report = JSON.parse(stdout)
  expect(report.checks.filter(({ failures }) => failures > 0)).toEqual([])
  expect(report.checks.map(({ scenario }) => scenario)).toEqual(
    expect.arrayContaining(['start', 'failover', 'memory', 'write-single', 'read-pipelined']),
  )
  const column = engine === 'apache' ? 'apache' : 'zkPseudo'
  const measured = report.rows.filter((row) => (row[column] ?? 0) > 0).map(({ metric }) => metric)
  // Memory needs Linux's /proc, and Apache has no command line to time; everything else is measured
  // everywhere.
  const everywhere = goals.filter(({ metric }) => !metric.startsWith('memory'))
  const due = everywhere.filter(({ of }) => engine !== 'apache' || of === 'ratio')
  expect(measured).toEqual(expect.arrayContaining(due.map(({ metric }) => metric)))
})

it('runs the small benches, which do the same work each time', async () => {
  const hashes = []
  for (let i = 0; i < 2; i++) {
    const { stdout } = await runProgram(process.execPath, [bundle, 'micro', '--toy', '--json'])
    const { results }: { results: MicroResult[] } = JSON.parse(stdout)
    expect(results.length).toBeGreaterThan(0)
    hashes.push(results.map(({ name, hash }) => `${name} ${hash}`))
  }
  expect(hashes[0]).toEqual(hashes[1])
})

it('computes medians and percentiles', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  const latencies = new LatencyHistogram()
  for (let ms = 1; ms <= 1000; ms++) latencies.record(ms)
  expect(latencies.percentile(0.5) / 500).toBeCloseTo(1, 1)
  expect(latencies.percentile(0.99) / 990).toBeCloseTo(1, 1)
  expect(latencies.total).toBe(1000)
})
