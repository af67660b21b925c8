/**
 * Finds Apache ZooKeeper and its version: in the home that was named, in ZOOKEEPER_HOME or ZOOKEEPER_PREFIX,
 * or in Debian's package.
 *
 * A home is either a folder to which a release was unpacked (`lib/zookeeper-3.8.4.jar` with everything that
 * it needs beside it; before 3.5.5, the jar lies in the home itself), or a folder with a `zookeeper.jar`
 * whose manifest names the other jars, such as Debian's /usr/share/java.
 */
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ApacheError } from './error.ts'
import { manifestAttributes, readJarEntry } from './jar.ts'

export interface ApacheHome {
  /** The folder that was found. */
  readonly home: string
  /** The version that the jar or its name states, such as `3.8.0`. */
  readonly version: string
  readonly classPath: readonly string[]
  /** Whether it logs to standard output: without a binding, SLF4J discards the log. */
  readonly logs: boolean
}

export interface ApacheSearch {
  /** The value of `--apache-home`; null: the usual places are searched. */
  readonly home: string | null
  /** The home that was used last time. */
  readonly remembered?: string | null
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where packages put their jars; Debian's folder unless given. */
  readonly packagedJars?: string
}

/** Debian's packages libzookeeper-java, libslf4j-java and liblog4j1.2-java put their jars here. */
const PACKAGED_JARS = '/usr/share/java'
/** The jars that connect SLF4J with log4j. The manifest of Debian's zookeeper.jar does not name them. */
const DEBIAN_LOG_BINDING = ['slf4j-log4j12.jar', 'log4j-1.2.jar']
/** The jars that Netty needs for TLS. That manifest does not name them either. */
const DEBIAN_NETTY = ['netty-codec.jar', 'netty-resolver.jar', 'netty-transport-native-unix-common.jar']
const LOG_BINDING = /^(slf4j-(log4j12|reload4j)|logback-classic)-.*\.jar$/
const SERVER_JAR = /^zookeeper-(\d[\w.-]*)\.jar$/
const OLDEST = [3, 5] as const
const MAIN_CLASS = 'org/apache/zookeeper/server/quorum/QuorumPeerMain.class'
const GET_IT =
  'unpack a release from zookeeper.apache.org and name it (--apache-home FOLDER, or ZOOKEEPER_HOME)'

/** @throws ApacheError */
export function findApacheHome(search: ApacheSearch): ApacheHome {
  const { packagedJars = PACKAGED_JARS } = search
  const named = namedHome(search)
  if (named === null) {
    const packaged = homeAt(packagedJars)
    if (packaged !== null) return checked(packaged)
    throw new ApacheError(
      'NO_APACHE',
      `there is no Apache ZooKeeper here: neither --apache-home nor ZOOKEEPER_HOME names one, and there is no ${join(packagedJars, 'zookeeper.jar')}`,
      `on Debian and Ubuntu: apt-get install zookeeper; elsewhere ${GET_IT}`,
    )
  }
  const { folder, by, otherwise } = named
  const found = homeAt(resolve(folder))
  if (found !== null) return checked(found)
  const where = existsSync(folder) ? 'where there is no' : 'which does not exist; Apache ZooKeeper has a'
  throw new ApacheError(
    'NO_APACHE',
    `${by} ${folder}, ${where} lib/zookeeper-VERSION.jar`,
    `name the folder that a release of Apache ZooKeeper was unpacked to${otherwise}`,
  )
}

interface NamedHome {
  readonly folder: string
  /** What names the home, in words. */
  readonly by: string
  /** What else can be done if there is no home, in words. */
  readonly otherwise: string
}

function namedHome({ home, remembered = null, env }: ApacheSearch): NamedHome | null {
  if (home !== null) return { folder: home, by: '--apache-home names', otherwise: '' }
  if (remembered !== null) {
    return {
      folder: remembered,
      by: 'the Apache ZooKeeper of last time is',
      otherwise: ' (--apache-home FOLDER)',
    }
  }
  // The zkServer.sh of some distributions uses the second variable.
  const variable = ['ZOOKEEPER_HOME', 'ZOOKEEPER_PREFIX'].find((name) => env[name])
  if (variable === undefined) return null
  const otherwise = `, or unset ${variable} to use Debian's package`
  return { folder: env[variable] ?? '', by: `${variable} is`, otherwise }
}

function homeAt(home: string): ApacheHome | null {
  for (const folder of [join(home, 'lib'), home]) {
    const name = jarsIn(folder).find((jar) => SERVER_JAR.test(jar))
    // In Debian, `zookeeper-3.8.0.jar` is a link to `zookeeper.jar`, which is handled below.
    if (name === undefined || basename(realpathSync(join(folder, name))) === 'zookeeper.jar') continue
    return released(home, join(folder, name))
  }
  const jar = join(home, 'zookeeper.jar')
  return existsSync(jar) ? packaged(home, jar) : null
}

function released(home: string, jar: string): ApacheHome {
  const lib = join(home, 'lib')
  const jars = jarsIn(lib)
  const all = [jar, ...jars.map((name) => join(lib, name)).filter((path) => path !== jar)]
  const logs = jars.some((name) => LOG_BINDING.test(name))
  return { home, version: versionOf(jar), classPath: all, logs }
}

function packaged(home: string, jar: string): ApacheHome {
  const binding = DEBIAN_LOG_BINDING.map((name) => join(home, name))
  const logs = binding.every((path) => existsSync(path))
  const netty = DEBIAN_NETTY.map((name) => join(home, name)).filter((path) => existsSync(path))
  return { home, version: versionOf(jar), classPath: [jar, ...(logs ? binding : []), ...netty], logs }
}

function jarsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jar'))
    .sort()
}

/**
 * The version in the manifest, in the file that Maven left in the jar, in the jar's name, or in the name of a
 * link to it; empty when none of them states it.
 */
function versionOf(jar: string): string {
  const manifest = manifestAttributes(entryOf(jar, 'META-INF/MANIFEST.MF') ?? '')
  const maven = entryOf(jar, 'META-INF/maven/org.apache.zookeeper/zookeeper/pom.properties') ?? ''
  const candidates = [
    manifest.get('Implementation-Version'),
    manifest.get('Bundle-Version'),
    /^version=(.*)$/m.exec(maven)?.[1],
    SERVER_JAR.exec(basename(jar))?.[1],
    linkedName(jar),
  ]
  return candidates.find((text) => text !== undefined && /^\d+\.\d+/.test(text))?.trim() ?? ''
}

/** The text of a file in the jar; null also when the jar cannot be read. */
function entryOf(jar: string, name: string): string | null {
  try {
    return readJarEntry(jar, name)
  } catch {
    return null
  }
}

function linkedName(jar: string): string | undefined {
  const folder = dirname(jar)
  const link = jarsIn(folder).find(
    (name) => SERVER_JAR.test(name) && realpathSync(join(folder, name)) === realpathSync(jar),
  )
  return link === undefined ? undefined : SERVER_JAR.exec(link)?.[1]
}

/** @throws ApacheError */
function checked(found: ApacheHome): ApacheHome {
  const { home, version } = found
  const [jar = home] = found.classPath
  if (version !== '' && !isAtLeast(version, OLDEST)) {
    throw new ApacheError(
      'APACHE_TOO_OLD',
      `the Apache ZooKeeper in ${home} is ${version}; ${OLDEST.join('.')} is the oldest that zk-pseudo runs`,
      GET_IT,
    )
  }
  if (entryOf(jar, MAIN_CLASS) === null) {
    throw new ApacheError('NO_APACHE', `${jar} is broken, or is not the jar of a ZooKeeper server`, GET_IT)
  }
  if (version !== '') return found
  const message = `the zookeeper jar in ${home} does not tell its version`
  throw new ApacheError('NO_APACHE', message, `take a release as it is: ${GET_IT}`)
}

/** Whether a version such as `3.8.0-SNAPSHOT` is the given one or a later one. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [itsMajor = 0, itsMinor = 0] = version.split(/[.-]/).map(Number)
  return itsMajor > major || (itsMajor === major && itsMinor >= minor)
}
