import { describe, expect, it } from 'vitest'
import { parseSetting, type UpOptions, upRequest } from '../../src/cli/upRequest.ts'
import { eventually } from '../support/eventually.ts'
import { unwrapped } from '../support/unwrapped.ts'
import { runCli, startCli } from './cli.ts'
import { fakeCluster, playground, three } from './fakeCluster.ts'

const options: UpOptions = { waitTimeout: 30_000 }

describe('up of a cluster that runs already', () => {
  it('-d is done at once and shows it', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const up = ['up', '3', '-d', '--dir', fake.dir]
    const { code, stdout, stderr } = await runCli(up, { env: ground.env })
    expect(code).toBe(0)
    expect(stderr).toContain('three already runs')
    expect(stdout).toContain(
      'connect: 127.0.0.1:2180,127.0.0.1:2181,127.0.0.1:2182\nmember 2 leads epoch 3\nready: 127.0.0.1:2180,127.0.0.1:2181,127.0.0.1:2182\n',
    )
    const json = await runCli([...up, '--json'], { env: ground.env })
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'three', leader: 2, quorum: true })
  })

  it('-d waits until it serves, and exits 4 if it does not', async () => {
    using ground = playground()
    const waitError = { code: 'NOT_SERVING', message: 'no quorum after 1 s', hint: null, exitCode: 4 }
    await using fake = await fakeCluster(ground, { cluster: three(), waitError })
    const up = ['up', '-d', '--wait-timeout', '1', '--dir', fake.dir]
    const { code, stderr } = await runCli(up, { env: ground.env })
    expect(code).toBe(4)
    expect(fake.requests).toContain('GET /wait?timeoutMs=1000')
    expect(stderr).toMatch(/error: no quorum after 1 s\n {2}it still runs.*zk-pseudo ps/)
  })

  it('in the foreground shows logs and the headlines from now on', async () => {
    using ground = playground()
    const logs = [{ level: 30, time: 0, member: 0, msg: 'as before' }]
    const past = {
      seq: 1,
      at: 0,
      member: 2,
      event: { type: 'established', epoch: 3, quorum: [1, 2], ms: 9 },
    } as const
    await using fake = await fakeCluster(ground, {
      cluster: three(),
      logs,
      events: [{ ...past, event: { ...past.event, quorum: [1, 2] } }],
    })
    await using up = startCli(['up', '3', '--dir', fake.dir], { env: ground.env })
    await eventually('both streams', () => fake.followers() === 2)
    fake.emit({ seq: 2, at: 1, member: 2, event: { type: 'member-killed' } })
    fake.emitLog({ level: 30, time: 1, member: 1, msg: 'and now' })
    await eventually('its lines', () => up.stdout().includes('and now') && up.stdout().includes('was killed'))
    expect(up.stdout()).toContain('three: 3 members, in threads')
    expect(up.stdout()).toMatch(/member 0 \| .*as before/)
    expect(up.stdout()).toContain('==> member 2 was killed')
    expect(up.stdout()).not.toContain('leads epoch 3, elected')
  })

  it('under another name is refused', async () => {
    using ground = playground()
    await using fake = await fakeCluster(ground, { cluster: three() })
    const other = await runCli(['up', '3', '-d', '--dir', fake.dir, '--name', 'x'], { env: ground.env })
    expect(other.code).toBe(1)
    expect(unwrapped(other.stderr)).toContain('is in use by the running cluster three')
    const same = await runCli(['up', '3', '-d', '--name', 'three'], { env: ground.env, cwd: ground.root })
    expect(same.code).toBe(1)
    expect(unwrapped(same.stderr)).toContain('a cluster named three already runs')
  })
})

describe('what up was asked for', () => {
  it('is a number of members with its settings', () => {
    const settings = parseSetting('snapCount=10', parseSetting('tickTime=500', undefined))
    expect(
      upRequest(['3'], { ...options, set: parseSetting('tickTime=400', settings), observers: 1 }),
    ).toMatchObject({
      members: 3,
      files: [],
      observers: 1,
      settings: { tickTime: '400', snapCount: '10' },
      isolation: 'thread',
      autoPorts: false,
    })
  })

  it('is files and folders of the user', () => {
    using ground = playground()
    expect(upRequest([ground.root], { ...options, isolation: 'process' })).toMatchObject({
      members: null,
      files: [ground.root],
      isolation: 'process',
    })
  })

  it('keeps whatever follows the first = of a setting', () => {
    expect(parseSetting('superDigest=super:a=b=', undefined)).toEqual({ superDigest: 'super:a=b=' })
  })
})
