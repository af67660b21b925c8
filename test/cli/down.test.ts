import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from './cli.ts'
import { cluster, dead, fakeCluster, member, playground, three } from './fakeCluster.ts'

/** A process that does nothing until it is ended. */
function idler(): { pid: number; end(): void } & Disposable {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const end = (): void => {
    child.kill('SIGKILL')
  }
  return { pid: child.pid ?? 0, end, [Symbol.dispose]: end }
}

describe('down', () => {
  it('returns when the supervisor is gone, and is safe to repeat', async () => {
    using ground = playground()
    using supervisor = idler()
    const lateEnd = (): void => void setTimeout(supervisor.end, 150)
    await using fake = await fakeCluster(ground, {
      cluster: cluster('three', [member(0), dead(1), member(2, { role: 'leader' })]),
      pid: supervisor.pid,
      onDown: lateEnd,
    })
    const first = await runCli(['down'], { env: ground.env, cwd: dirname(fake.dir) })
    expect(first).toEqual({ code: 0, stdout: 'three is down: 2 members stopped\n', stderr: '' })
    expect(() => process.kill(supervisor.pid, 0)).toThrow()
    expect(fake.requests).toContain('POST /down')
    const again = await runCli(['down', '--json'], { env: ground.env, cwd: ground.root })
    expect(again.code).toBe(0)
    expect(JSON.parse(again.stdout)).toEqual({ name: null, members: [], removed: [], kept: [] })
  })

  it('touches nothing that another folder runs', async () => {
    using ground = playground()
    await using one = await fakeCluster(ground, { cluster: three('one') })
    for (const words of [['down'], ['down', '-v'], ['down', '--volumes', '--dir', ground.root]]) {
      const { code, stdout } = await runCli(words, { env: ground.env, cwd: ground.root })
      expect(code).toBe(0)
      expect(stdout).toContain('nothing is running here')
    }
    expect(one.requests).toEqual([])
    expect(existsSync(one.dir)).toBe(true)
  })
})
