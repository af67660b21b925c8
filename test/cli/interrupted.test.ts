/** What becomes of a start whose user goes away: by Ctrl-C, or by reading no further. */
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { runCli, startCli } from './cli.ts'
import { playground } from './fakeCluster.ts'

describe('a start', () => {
  it.each([0, 200, 500])('in the background is ended by Ctrl-C after %i ms', async (ms) => {
    using ground = playground()
    const options = { cwd: ground.root, env: { XDG_RUNTIME_DIR: ground.root } }
    await using up = startCli(
      ['up', '3', '--ports', 'auto', '-d', '--set', 'standaloneEnabled=false'],
      options,
    )
    await eventually('its process', () => up.child.pid !== undefined)
    await new Promise((over) => setTimeout(over, ms))
    up.child.kill('SIGINT')
    const { code, stderr } = await up.ended
    // Whoever is quicker than the handler, or slower than the start, is answered otherwise.
    if (code === 130) expect(stderr).toContain('interrupted before the ensemble served: nothing runs')
    if (code === 0) await runCli(['down'], options)
    const { stdout } = await runCli(['ls', '--json'], options)
    expect(stdout).not.toContain('"pid"')
  })

  it('in the foreground that is interrupted is not told to be slow', async () => {
    using ground = playground()
    const options = { cwd: ground.root, env: { XDG_RUNTIME_DIR: ground.root } }
    await using up = startCli(['up', '3', '--ports', 'auto'], options)
    await eventually('its banner', () => up.stdout().includes('stop with Ctrl-C'))
    up.child.kill('SIGINT')
    const { code, stderr } = await up.ended
    expect(code).toBe(0)
    expect(stderr).toContain('stopping')
    expect(stderr).not.toContain('does not serve')
  })
})
