/** The published types in the project of a user who also checks libraries (`skipLibCheck: false`). */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runProgram } from '../support/programs.ts'
import { root } from './published.ts'

const project = mkdtempSync(join(tmpdir(), 'zk-pseudo-types-'))
const compiler = (name: string) => join(root, 'node_modules', name, 'bin/tsc')

const CONSUMER = `
import { Ensemble, type EnsembleOptions, OperationError, type Verdict } from 'zk-pseudo'
import { type Acl, ErrorCode, KeeperError, type WatchEvent, ZooKeeper } from 'zk-pseudo/client'

const options: EnsembleOptions = { members: 3, ports: 'auto', dir: 'temp', set: { tickTime: '500' } }

export async function failOver(acl: readonly Acl[]): Promise<Verdict> {
  await using ensemble = await Ensemble.start(options)
  await using client = await ZooKeeper.connect(ensemble.connectString, { sessionTimeoutMs: 5000 })
  client.on('state', (state, reason) => console.log(state.length, reason.length))
  const path: string = await client.create('/a', new Uint8Array(3), { mode: 'ephemeral', acl })
  const { data, stat } = await client.getData(path, (event: WatchEvent) => console.log(event.type))
  const [first, names] = await client.multiRead().getData('/a').getChildren('/').run()
  if (first instanceof KeeperError && first.code === ErrorCode.NoNode) throw new OperationError('A', 'b')
  if (Array.isArray(names)) console.log(names.length, data?.length, stat.version)
  for await (const { path: changed } of client.watch('/', { recursive: true })) console.log(changed)
  return ensemble.kill('leader')
}
`

beforeAll(async () => {
  const installed = join(project, 'node_modules/zk-pseudo')
  mkdirSync(join(installed, 'dist'), { recursive: true })
  copyFileSync(join(root, 'package.json'), join(installed, 'package.json'))
  mkdirSync(join(project, 'node_modules/@types'))
  for (const name of ['@types/node', 'undici-types'])
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name))
  // The declarations are those of scripts/build.mjs, from the current sources; `npm run typecheck` checks
  // these.
  const declarations = ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(installed, 'dist/types')]
  execFileSync(process.execPath, [compiler('typescript'), ...declarations], { cwd: root })
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  writeFileSync(join(project, 'consumer.ts'), CONSUMER)
}, 60_000)
afterAll(() => rmSync(project, { recursive: true, force: true }))

it.concurrent.each([
  ['typescript-5.6', 'nodenext', 'nodenext'],
  ['typescript-5.6', 'esnext', 'bundler'],
  ['typescript', 'nodenext', 'nodenext'],
])(
  '%s compiles with module %s and resolution %s',
  { timeout: 120_000 },
  async (name, module, moduleResolution) => {
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'esnext.disposable'],
    }
    const strict = { strict: true, skipLibCheck: false, noEmit: true, types: ['node'] }
    const config = join(project, `tsconfig.${name}.${module}.json`)
    writeFileSync(
      config,
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...strict }, files: ['consumer.ts'] }),
    )
    const run = await runProgram(process.execPath, [compiler(name), '-p', config], { timeoutMs: 110_000 })
    expect(run).toEqual({ code: 0, stdout: '', stderr: '' })
  },
)
