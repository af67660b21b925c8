/** The control API against a real cluster, over its socket. */
import { statSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ClusterEvent } from '../../src/api/api.ts'
import { connectTo } from '../../src/control/client.ts'
import { Ensemble } from '../../src/ensemble/index.ts'
import { knownClusters } from '../../src/supervisor/folder/presence.ts'

let ensemble: Ensemble
let dir: string
let socket: string
beforeAll(async () => {
  ensemble = await Ensemble.start({ members: 1, name: `control-${process.pid}` })
  dir = (await knownClusters()).find(({ name }) => name === ensemble.name)?.dir ?? ''
  socket = join(dir, 'control.sock')
})
afterAll(() => ensemble?.close())

function raw(method: string, path: string, body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: socket, method, path, timeout: 3000 }, async (answer) => {
      let text = ''
      for await (const chunk of answer.setEncoding('utf8')) text += chunk
      resolve({ status: answer.statusCode ?? 0, text })
    })
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')))
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

describe('the control socket', () => {
  it('is its user’s alone', () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600)
  })

  it('tells the cluster', async () => {
    const { status, text } = await raw('GET', '/cluster')
    expect(status).toBe(200)
    const info = JSON.parse(text)
    expect(info).toMatchObject({ name: ensemble.name, supervisorPid: process.pid, quorum: true })
    expect(info.members[0]).toMatchObject({
      id: 0,
      state: 'running',
      role: 'standalone',
      restarts: 0,
      exit: null,
    })
  })

  it.each([
    ['GET', '/nothing', ''],
    ['GET', '/wait?timeoutMs=soon', ''],
    ['GET', '/events?since=never', ''],
    ['GET', '/logs?tail=many', ''],
    ['GET', '/logs?member=99', ''],
    ['POST', '/action', 'no json'],
    ['POST', '/action', 'null'],
    ['POST', '/action', '{}'],
    ['POST', '/action', '{"verb":"explode","selectors":["0"]}'],
    ['POST', '/action', '{"verb":"kill","selectors":"0"}'],
    ['POST', '/action', '{"verb":"kill","selectors":["7"]}'],
    ['POST', '/action', `{"verb":"kill","selectors":["${'x'.repeat(70_000)}"]}`],
  ])('answers what cannot be done with an error for people: %s %s %s', async (method, path, body) => {
    const { status, text } = await raw(method, path, body)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(JSON.parse(text).error).toMatchObject({ message: expect.stringMatching(/\w/), exitCode: 2 })
    expect((await raw('GET', '/cluster')).status).toBe(200)
  })

  it('streams events as they happen, and goes on after a reader has left', async () => {
    const connection = connectTo(dir)
    const { seq } = (await last(connection.events({ follow: false }))) as ClusterEvent
    const over = new AbortController()
    const seen: ClusterEvent[] = []
    const reading = (async () => {
      for await (const event of connection.events({ follow: true, since: seq, signal: over.signal })) {
        seen.push(event)
        if (event.event.type === 'verdict') over.abort()
      }
    })()
    await ensemble.restart(0)
    await reading
    expect(seen[0]?.seq).toBe(seq + 1)
    expect(seen.map(({ event }) => event.type)).toEqual(
      expect.arrayContaining(['member-stopped', 'member-started', 'serving', 'verdict']),
    )
    expect(await connection.cluster()).toMatchObject({ quorum: true })
  })

  it('hands out logs: so many lines, of one member', async () => {
    const records = []
    for await (const record of connectTo(dir).logs({ follow: false, members: [0], tail: 2 }))
      records.push(record)
    expect(records).toHaveLength(2)
    expect(records[1]).toMatchObject({ member: 0, level: expect.any(Number), msg: expect.any(String) })
  })

  it('ends the cluster, and answers when every member has ended', async () => {
    const other = await Ensemble.start({ members: 1, name: `down-${process.pid}` })
    await connectTo(other.dir).down()
    await other.close()
    expect((await knownClusters()).some(({ name }) => name === other.name)).toBe(false)
    const connection = connectTo(other.dir)
    await expect(connection.cluster()).rejects.toMatchObject({ code: 'NO_CLUSTER', exitCode: 3 })
  })
})

async function last<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  let newest: T | undefined
  for await (const item of items) newest = item
  return newest
}
