/** Nothing outlives a supervisor that was killed -9; the next one cleans up what it left, and says so. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import type { ClusterInfo } from '../../src/api/api.ts'
import { startCluster } from '../../src/ensemble/cluster.ts'
import type { ClusterRequest } from '../../src/supervisor/clusterRequest.ts'
import { apacheUnavailable } from '../support/apache.ts'
import { lives } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { isFree } from '../support/ports.ts'
import { RawClient } from '../support/rawClient.ts'

const kinds = ['thread', 'process', 'apache'] as const

describe.each(kinds)('a supervisor (%s) that is killed', (isolation) => {
  let dir: string
  let child: ChildProcess | null
  let pids: number[]

  beforeEach((context) => {
    if (isolation === 'apache') needs(context as TestContext, apacheUnavailable())
    dir = mkdtempSync(join(tmpdir(), 'zkp-killed-'))
    pids = []
  })

  afterEach(() => {
    child?.kill('SIGKILL')
    for (const pid of pids ?? []) if (pid !== process.pid && lives(pid)) process.kill(pid, 'SIGKILL')
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
  })

  async function start(pause: string): Promise<ClusterInfo> {
    const args = [dir, isolation, pause]
    child = fork(new URL('./supervisorProcess.mjs', import.meta.url), args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const [info] = (await once(child, 'message')) as [ClusterInfo]
    pids = info.members.map(({ pid }) => pid as number)
    return info
  }

  async function kill(): Promise<void> {
    if (child === null) throw new Error('nothing to kill')
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    child = null
  }

  const request = (): ClusterRequest => {
    const classic = { members: 3, files: [], observers: 0, settings: {}, name: null, basePort: null }
    return { ...classic, dir, autoPorts: true, isolation: isolation === 'apache' ? 'thread' : isolation }
  }

  it('takes its members along, and keeps what they acknowledged', async () => {
    const info = await start('')
    const client = await RawClient.open(info.members[0]?.clientPort as number)
    await client.create('/kept', 'yes')
    await kill()
    client.destroy()
    await eventually('every member to be gone', () => pids.every((pid) => !lives(pid)), { timeoutMs: 2000 })
    for (const { clientPort, electionPort } of info.members) {
      // A killed process is a zombie while its last threads still hold its sockets.
      await eventually('its client port to be free', () => isFree(clientPort as number), { timeoutMs: 2000 })
      await eventually('its election port to be free', () => isFree(electionPort as number), {
        timeoutMs: 2000,
      })
    }
    const notes: string[] = []
    const next = await startCluster(request(), (line) => notes.push(line))
    try {
      expect(notes).toContainEqual(expect.stringContaining('ended without cleaning up'))
      await next.waitUntilServing(10_000)
      expect(next.cluster.connectString).toBe(info.connectString)
      const reader = await RawClient.open(info.members[1]?.clientPort as number)
      await reader.sync()
      expect(String((await reader.getData('/kept')).data)).toBe('yes')
      await reader.close()
    } finally {
      await next.stop()
    }
    expect(existsSync(join(dir, 'supervisor.json'))).toBe(false)
    expect(existsSync(join(dir, 'control.sock'))).toBe(false)
  })

  it('leaves no paused member that the next one does not end', async () => {
    const info = await start('follower')
    expect(readFileSync(join(dir, 'supervisor.json'), 'utf8')).toContain('"pid"')
    await kill()
    // On Linux with util-linux the system ends it at once; elsewhere the next start does.
    if (existsSync('/usr/bin/setpriv')) {
      await eventually('the frozen member to be gone', () => pids.every((pid) => !lives(pid)), {
        timeoutMs: 2000,
      })
    }
    const next = await startCluster(request(), () => {})
    try {
      expect(pids.filter(lives)).toEqual([])
      await next.waitUntilServing(10_000)
      expect(next.cluster.connectString).toBe(info.connectString)
    } finally {
      await next.stop()
    }
  })
})
