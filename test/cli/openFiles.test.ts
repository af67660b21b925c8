/** A process that may open few files says so, wherever it runs out of them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runProgram } from '../support/programs.ts'
import { unwrapped } from '../support/unwrapped.ts'
import { mainFile } from './cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'zkp-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const limited = (limit: number, words: readonly string[]) =>
  runProgram('bash', ['-c', `ulimit -n ${limit}; cd ${folder}; exec "$0" "$@"`, process.execPath, ...words])

describe('too few open files', () => {
  it.each([20, 22, 24, 28, 32])(
    'are a sentence, with %i of them, whichever file was one too many',
    async (limit) => {
      const { code, stderr } = await limited(limit, [mainFile, 'ps'])
      // Node has to read the entry, or what comes first, by itself.
      if (code === null || stderr === '' || stderr.includes(`open '${mainFile}`)) return
      expect(unwrapped(stderr)).toMatch(
        /^error: .*(may open no more files|too many open files).*ulimit -n 4096/s,
      )
      expect(stderr).not.toMatch(/^ +at /m)
    },
  )

  it.each([50, 56, 60, 64, 68, 70, 72])(
    'are named by a library that has %i of them and cannot start',
    async (limit) => {
      const { stdout } = await limited(limit, [fewFiles])
      expect(stdout).toMatch(
        /^(up|OperationError \w+: .*(may open no more files|files that it may open|EMFILE).*ulimit -n 4096)/s,
      )
    },
  )
})

const fewFiles = new URL('./fewFiles.mjs', import.meta.url).pathname
