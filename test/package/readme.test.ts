/**
 * Does what README.md prints as a reader would who follows it word by word: its commands in a checkout, its
 * code in a project that the package is installed in. Three things differ: ports are drawn, `npm ci` has
 * already been run, and npx is a script that starts the package's command, because npm itself would build and
 * link for a minute.
 */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { transform } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { runProgram, works } from '../support/programs.ts'
import { pack, root } from './published.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const inLanguage = (language: string) =>
  blocks.filter((each) => each.language === language).map(({ text }) => text)
const commands = inLanguage('sh').flatMap((text) => text.trim().split('\n'))

const home = mkdtempSync(join(tmpdir(), 'zk-pseudo-readme-'))
const checkout = join(home, 'zk-pseudo')
const project = join(home, 'project')
const env = { ...process.env, PATH: [join(home, 'bin'), process.env.PATH].join(delimiter) }

beforeAll(() => {
  mkdirSync(join(home, 'bin'))
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  program('npm', '[ "$1" = ci ]')
  program('npx', `[ "$1" = zk-pseudo ] && shift && exec node ${join(checkout, bin['zk-pseudo'])} "$@"`)
  const { filename } = pack('--pack-destination', home)
  unpack(join(home, filename), checkout)
  unpack(join(home, filename), join(project, 'node_modules/zk-pseudo'))
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  for (const name of Object.keys(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages))
    if (/^node_modules\/[^/]+$/.test(name) && name !== 'node_modules/zk-pseudo')
      symlinkSync(join(root, name), join(project, name))
  writeFileSync(join(project, 'package.json'), '{"private":true}')
}, 60_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

function program(name: string, text: string): void {
  const file = join(home, 'bin', name)
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
}

function unpack(tarball: string, target: string): void {
  mkdirSync(target, { recursive: true })
  const unpacked = mkdtempSync(join(home, 'unpacked-'))
  expect(works('tar', ['-xzf', tarball, '-C', unpacked])).toBe(true)
  cpSync(join(unpacked, 'package'), target, { recursive: true })
}

/** Replaces the usual ports, which another test may use at the same time. */
function withDrawnPorts(text: string): string {
  return text.replace(/zk-pseudo up 3(?! .*--ports)/g, 'zk-pseudo up 3 --ports auto')
}

function bash(text: string) {
  return runProgram('bash', ['-ec', withDrawnPorts(text)], { cwd: checkout, env, timeoutMs: 60_000 })
}

it('names commands that are there in a checkout', () => {
  expect(commands.length).toBeGreaterThan(5)
  for (const command of commands)
    expect(command).toMatch(/^(npm|npx zk-pseudo|export ZK="\$\(npx zk-pseudo) /)
})

it('runs three members in the foreground, and kills their leader', { timeout: 60_000 }, async () => {
  const [up = '', tests] = commands
  expect(tests).toMatch(/^npm ci && npm test/)
  const kill = commands.find((command) => command.startsWith('npx zk-pseudo kill leader')) as string
  const foreground = spawn('bash', ['-c', withDrawnPorts(up)], { cwd: checkout, env, detached: true })
  const exited = new Promise<number | null>((resolve) => foreground.once('exit', resolve))
  let said = ''
  foreground.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  try {
    await eventually('the connect string', () => /^connect: 127\.0\.0\.1:\d+,/m.test(said), {
      timeoutMs: 20_000,
    })
    const { code, stdout, stderr } = await bash(kill)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/leads epoch 2/)
    expect(code).toBe(0)
  } finally {
    // Ctrl-C reaches the whole foreground process group.
    process.kill(-(foreground.pid as number), 'SIGINT')
    await exited
  }
})

it.skipIf(!works('jq', ['--version']))('runs what it shows for scripts', { timeout: 60_000 }, async () => {
  const script = inLanguage('sh').find((text) => text.includes('| jq')) as string
  const { code, stdout, stderr } = await bash(script)
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/^\d+(\.\d+)?$/m)
})

it('has code that runs on Node as it stands', { timeout: 60_000 }, async () => {
  const [code] = inLanguage('js')
  writeFileSync(join(project, 'snippet.mjs'), code as string)
  const ran = await runProgram(process.execPath, ['snippet.mjs'], { cwd: project, timeoutMs: 50_000 })
  expect(ran).toEqual({ code: 0, stdout: '', stderr: '' })
})

it('has TypeScript that runs once it is compiled', { timeout: 60_000 }, async () => {
  const [source] = inLanguage('ts')
  const { code } = await transform(source as string, { loader: 'ts', format: 'esm', target: 'node20' })
  writeFileSync(join(project, 'compiled.mjs'), code)
  const ran = await runProgram(process.execPath, ['compiled.mjs'], { cwd: project, timeoutMs: 50_000 })
  expect(ran).toEqual({ code: 0, stdout: '', stderr: '' })
})
