/** Java programs on Debian's jars: compiled once for a suite, each started with the members' addresses. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, type TestContext } from 'vitest'
import { needs, type TestEnsemble } from '../../../support/ensembles.ts'
import { LineProgram, runProgram, works } from '../../../support/programs.ts'

const jarsDir = '/usr/share/java'
const harness = fileURLToPath(new URL('./Harness.java', import.meta.url))
/**
 * The programs run for a second, so they get little compilation and little memory; their errors go to stderr,
 * which failed tests show.
 */
const options = [
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
]

/**
 * Returns a function that starts one of the programs in `dir` (given a class name, and the arguments after
 * the addresses), and that skips the test when one of `jars` or the compiler is missing. To be called while a
 * suite is declared.
 */
export function javaPrograms(dir: URL, jars: string[]) {
  const classPath = [...jars, 'slf4j-simple'].map((jar) => join(jarsDir, `${jar}.jar`))
  const missing = classPath.find((jar) => !existsSync(jar))
  const unavailable = missing
    ? `${missing} is not installed (see .ci/run)`
    : works('javac', ['-version'])
      ? undefined
      : 'javac is not installed (Debian: default-jdk-headless)'
  let compiled: Promise<string> | undefined
  afterAll(async () => {
    if (compiled) rmSync(await compiled, { recursive: true })
  })
  return async (
    context: TestContext,
    ensemble: TestEnsemble | undefined,
    name: string,
    ...args: string[]
  ) => {
    needs(context, unavailable)
    compiled ??= compile(fileURLToPath(dir), classPath.join(':'))
    const classes = [await compiled, ...classPath].join(':')
    if (!ensemble) throw new Error('no ensemble')
    return new LineProgram('java', [...options, '-cp', classes, name, ensemble.connectString, ...args])
  }
}

/** Compiles the programs in `dir`, and the harness. @returns the folder with the classes */
async function compile(dir: string, classPath: string): Promise<string> {
  const classes = mkdtempSync(join(tmpdir(), 'zk-pseudo-classes-'))
  const sources = readdirSync(dir).filter((file) => file.endsWith('.java'))
  const files = new Set([harness, ...sources.map((file) => join(dir, file))])
  const args = ['-J-XX:TieredStopAtLevel=1', '-d', classes, '-cp', classPath, ...files]
  const { code, stdout, stderr } = await runProgram('javac', args, { timeoutMs: 60_000 })
  if (code !== 0) throw new Error(`javac failed:\n${stdout}${stderr}`)
  return classes
}
