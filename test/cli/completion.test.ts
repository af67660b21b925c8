import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { mainFile, runCli } from './cli.ts'
import { cluster, dead, fakeCluster, member, playground, three } from './fakeCluster.ts'

/** The candidates for the last word. */
async function complete(words: string[], env: Record<string, string> = {}): Promise<string[]> {
  const ran = await runCli(['__complete', '--', ...words], { env })
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '')
}

describe('completion', () => {
  it('offers commands', async () => {
    expect(await complete(['re'])).toEqual(['restart', 'resume'])
    expect(await complete([''])).toEqual(expect.arrayContaining(['up', 'ps', 'kill', 'completion', 'help']))
    expect(await complete(['__'])).toEqual([])
    expect(await complete(['help', 'ev'])).toEqual(['events'])
  })

  it('offers flags that were not given yet', async () => {
    expect(await complete(['kill', '--'])).toEqual([
      '--no-wait',
      '--wait-timeout',
      '--name',
      '--dir',
      '--json',
      '--help',
    ])
    expect(await complete(['kill', '--json', '--j'])).toEqual([])
    expect(await complete(['up', '3', '--isolation', ''])).toEqual(['thread', 'process'])
    expect(await complete(['up', '--wait-timeout', ''])).toEqual([])
  })

  it('offers files, folders and shells where they belong', async () => {
    expect(await complete(['up', 'conf'])).toEqual([':file'])
    expect(await complete(['ps', '--dir', ''])).toEqual([':folder'])
    expect(await complete(['completion', 'z'])).toEqual(['zsh'])
    expect(await complete(['completion', 'zsh', ''])).toEqual([])
  })

  it('offers the members of the running cluster', async () => {
    using ground = playground()
    const members = [member(0), dead(1), member(2, { role: 'leader' })]
    await using _fake = await fakeCluster(ground, { cluster: cluster('three', members) })
    await using _other = await fakeCluster(ground, { cluster: three('other') })
    const env = { ...ground.env, ZK_PSEUDO_NAME: 'three' }
    expect(await complete(['start', ''], env)).toEqual(['1', 'all'])
    expect(await complete(['kill', ''], env)).toEqual(
      expect.arrayContaining(['0', '1', '2', 'leader', 'majority']),
    )
    expect(await complete(['kill', 'follower', 'l'], env)).toEqual(['leader'])
    expect(await complete(['start', '--name', 'other', ''], ground.env)).toEqual(['all'])
    expect(await complete(['ps', '--name', 't'], env)).toEqual(['three'])
  })

  it('offers nothing, and says nothing, when no cluster runs', async () => {
    using ground = playground()
    expect(await complete(['kill', ''], ground.env)).toEqual([])
  })

  it('completes in a real bash', async () => {
    using ground = playground()
    await using _fake = await fakeCluster(ground, { cluster: three() })
    const bin = join(ground.root, 'bin')
    mkdirSync(bin)
    const program = join(bin, 'zk-pseudo')
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${mainFile}' "$@"\n`)
    chmodSync(program, 0o755)
    const bash = async (words: string[]): Promise<string[]> => {
      const script = `source <(zk-pseudo completion bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _zk_pseudo 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`
      const env = { ...ground.env, PATH: `${bin}:${process.env.PATH}` }
      const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', ...words], {
        env,
        cwd: ground.cwd,
      })
      return stdout.split('\n').filter((line) => line !== '')
    }
    expect(await bash(['zk-pseudo', 'pa'])).toEqual(['pause'])
    expect(await bash(['zk-pseudo', 'kill', 'lea'])).toEqual(['leader'])
    expect(await bash(['zk-pseudo', 'up', `${ground.root}/bi`])).toEqual([bin])
  })

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s that this shell can read', async (shell) => {
    const { code, stdout } = await runCli(['completion', shell])
    expect(code).toBe(0)
    expect(stdout).toContain('__complete -- ')
    if (hasShell(shell)) execFileSync(shell, ['-n'], { input: stdout })
  })
})

function hasShell(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true'])
    return true
  } catch {
    return false
  }
}
