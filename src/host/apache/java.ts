/** Finds the Java that runs Apache ZooKeeper: the one in JAVA_HOME or on PATH, version 8 or later. */
import { execFile } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ApacheError } from './error.ts'

interface Java {
  readonly path: string
  /** The major version: 8, 11, 17, … */
  readonly version: number
}

const OLDEST = 8
const INSTALL = 'install Java 8 or later (Debian and Ubuntu: apt-get install default-jre-headless)'

/** @throws ApacheError */
export async function findJava(env: Readonly<Record<string, string | undefined>>): Promise<Java> {
  const path = javaPath(env)
  const said = await versionText(path)
  const version = javaVersion(said)
  if (version === null) {
    throw new ApacheError(
      'NO_JAVA',
      `${path} -version tells no version: ${said.trim() || 'nothing'}`,
      INSTALL,
    )
  }
  if (version < OLDEST) {
    throw new ApacheError(
      'JAVA_TOO_OLD',
      `${path} is Java ${version}; Apache ZooKeeper needs ${OLDEST} or later`,
      INSTALL,
    )
  }
  return { path, version }
}

function javaPath(env: Readonly<Record<string, string | undefined>>): string {
  if (env.JAVA_HOME) {
    const path = join(env.JAVA_HOME, 'bin', 'java')
    if (isProgram(path)) return path
    throw new ApacheError(
      'NO_JAVA',
      `JAVA_HOME is ${env.JAVA_HOME}, where there is no bin/java`,
      'let JAVA_HOME name a Java installation, or unset it to use the java on PATH',
    )
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = folders.map((folder) => join(folder, 'java')).find(isProgram)
  if (found !== undefined) return found
  throw new ApacheError(
    'NO_JAVA',
    'Apache ZooKeeper needs Java: JAVA_HOME is not set, and there is no java on PATH',
    `${INSTALL}, or set JAVA_HOME`,
  )
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** What `java -version` prints, which is on standard error. */
function versionText(path: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(path, ['-version'], { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve(stderr || stdout || error?.message || '')
    })
  })
}

/** The major version: `version "1.8.0_292"` is 8, `version "17.0.15"` is 17. Null when there is none. */
export function javaVersion(text: string): number | null {
  const match = /version "(?:1\.)?(\d+)/.exec(text)
  return match === null ? null : Number(match[1])
}
