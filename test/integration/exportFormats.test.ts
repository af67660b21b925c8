/** What `export` writes for Compose and systemd, checked with those programs themselves. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommandLineCluster } from '../support/commandLine.ts'
import { needs } from '../support/ensembles.ts'
import { runProgram } from '../support/programs.ts'

const HOSTS = ['zk1.example.com', 'zk2', 'zk3', 'zk4']
/** Values that must be quoted in either format: a value cannot contain blanks, but it can contain these. */
const SETTINGS = ['jute.maxbuffer=3000000', 'extendedTypesEnabled=true', 'snapCount=5000']
/** Any program that exists: the unit names one of the host. */
const EXECUTABLE = '/bin/true'

const formats = ['cfg', 'compose', 'systemd'] as const
const out = mkdtempSync(join(tmpdir(), 'zk-export-'))
const folderOf = (format: (typeof formats)[number]) => join(out, format)

/** Why a program is not available; undefined when it is. */
function missing(program: string): string | undefined {
  return existsSync(`/usr/bin/${program}`) ? undefined : `no ${program} here`
}

beforeAll(async () => {
  await using cluster = new CommandLineCluster()
  await cluster.up('3', '--observers', '1', '--ports', 'auto', ...SETTINGS.flatMap((text) => ['--set', text]))
  for (const format of formats) {
    const what = ['--hosts', HOSTS.join(','), '--format', format, '--out', folderOf(format)]
    await cluster.run('export', ...what)
  }
}, 60_000)
afterAll(() => rmSync(out, { recursive: true, force: true }))

describe('export', () => {
  it('writes the same zoo.cfg for all formats, except for the data folders', () => {
    for (const host of HOSTS) {
      const [plain, ...others] = formats.map((format) => {
        const text = readFileSync(join(folderOf(format), host, 'zoo.cfg'), 'utf8')
        return text.replace(/^(dataDir|dataLogDir)=.*$/gm, '$1')
      })
      for (const other of others) expect(other).toBe(plain)
    }
  })

  it('writes a compose file that Docker Compose accepts', async (context) => {
    needs(context, missing('docker-compose'))
    const file = join(folderOf('compose'), 'docker-compose.yml')
    const { code, stdout, stderr } = await runProgram('docker-compose', ['-f', file, 'config'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const services = [...stdout.matchAll(/^ {2}(\S+):$/gm)].map(([, name]) => name)
    expect(services).toEqual(HOSTS)
    expect(stdout.match(/JVMFLAGS: -Djute\.maxbuffer=3000000$/gm)).toHaveLength(HOSTS.length)
    for (const host of HOSTS) expect(stdout).toContain(`${join(folderOf('compose'), host, 'data')}:/data:rw`)
  })

  it('writes units that systemd accepts', async (context) => {
    needs(context, missing('systemd-analyze'))
    for (const host of HOSTS) {
      const unit = join(folderOf('systemd'), host, 'zookeeper.service')
      const text = readFileSync(unit, 'utf8')
      expect(text).toContain('Environment="JVMFLAGS=-Djute.maxbuffer=3000000"')
      writeFileSync(unit, text.replace(/^ExecStart=\S+/m, `ExecStart=${EXECUTABLE}`))
      const { code, stdout, stderr } = await runProgram('systemd-analyze', ['verify', unit])
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
    }
  })
})
