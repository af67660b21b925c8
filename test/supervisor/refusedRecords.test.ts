/**
 * A disk that takes no record of a cluster (full, read-only) costs it no member, and does not keep it from
 * its end.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startCluster } from '../../src/ensemble/cluster.ts'
import type { ClusterRequest } from '../../src/supervisor/clusterRequest.ts'
import type { Supervisor } from '../../src/supervisor/supervisor.ts'
import { eventually } from '../support/eventually.ts'

let root: string
let supervisor: Supervisor | null = null

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zkp-records-'))
})

afterEach(async () => {
  await supervisor?.stop()
  supervisor = null
  rmSync(root, { recursive: true, force: true })
})

const within = (file: string) => join(root, 'cluster', file)
/** Folders in place of the files that are written first: nobody may write those, not even root. */
const inTheWay = () => [within('supervisor.json.new'), within('cluster.json.tmp')]
const warnings = (of: Supervisor) =>
  of.cluster.events.since(0).flatMap(({ member, event }) => {
    return member === null && event.type === 'log' ? [event.message] : []
  })

async function start(): Promise<Supervisor> {
  const classic = { members: 1, files: [], observers: 0, settings: {}, name: null, basePort: null }
  const request: ClusterRequest = {
    ...classic,
    dir: within('.'),
    autoPorts: true,
    isolation: 'thread',
  }
  supervisor = await startCluster(request, () => {})
  return supervisor
}

const act = (on: Supervisor, verb: 'kill' | 'start') =>
  on.action({ verb, selectors: ['all'], wait: true, waitTimeoutMs: 20_000 })

it('says so once, goes on, and writes them when it can', async () => {
  const cluster = await start()
  await cluster.waitUntilServing(20_000)
  for (const path of inTheWay()) mkdirSync(path)
  await act(cluster, 'kill')
  expect((await act(cluster, 'start')).quorum).toBe(true)
  expect(warnings(cluster)).toEqual([expect.stringMatching(/supervisor\.json.*; the cluster goes on\. /)])
  for (const path of inTheWay()) rmdirSync(path)
  await eventually('the record', () => warnings(cluster).includes('supervisor.json is up to date again'))
})

it('ends all the same, and its manifest stays', async () => {
  const cluster = await start()
  const before = readFileSync(within('cluster.json'), 'utf8')
  for (const path of inTheWay()) mkdirSync(path)
  await cluster.stop()
  for (const path of inTheWay()) if (existsSync(path)) rmdirSync(path)
  expect(readFileSync(within('cluster.json'), 'utf8')).toBe(before)
  await (await start()).waitUntilServing(20_000)
})
