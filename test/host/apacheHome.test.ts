/**
 * Where Apache ZooKeeper and Java are found, which versions are accepted, and the message when there are
 * none.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findApacheHome, isAtLeast } from '../../src/host/apache/home.ts'
import { manifestAttributes, readJarEntry } from '../../src/host/apache/jar.ts'
import { findJava, javaVersion } from '../../src/host/apache/java.ts'
import { writeJar } from './fakeJar.ts'

const MANIFEST = 'META-INF/MANIFEST.MF'
const MAIN = { 'org/apache/zookeeper/server/quorum/QuorumPeerMain.class': 'cafebabe' }
const MAVEN = 'META-INF/maven/org.apache.zookeeper/zookeeper/pom.properties'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zkp-homes-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const manifest = (version: string) => `Manifest-Version: 1.0\r\nImplementation-Version: ${version}\r\n\r\n`

function release(name: string, version: string): string {
  const home = join(root, name)
  writeJar(join(home, 'lib', `zookeeper-${version}.jar`), { [MANIFEST]: manifest(version), ...MAIN })
  for (const jar of ['logback-classic-1.2.13.jar', 'zookeeper-jute-3.8.4.jar', 'slf4j-api-1.7.30.jar']) {
    writeJar(join(home, 'lib', jar), { [MANIFEST]: 'Manifest-Version: 1.0\n' })
  }
  return home
}

/**
 * As in Debian's package: neither the jar's name nor its manifest has a version, but the name of a link has.
 */
function packaged({ maven, link }: { maven?: string; link?: string }): string {
  const jars = join(root, 'java')
  writeJar(join(jars, 'zookeeper.jar'), {
    [MANIFEST]: 'Manifest-Version: 1.0\nClass-Path: slf4j-api.jar\n',
    ...MAIN,
    ...(maven === undefined ? {} : { [MAVEN]: `artifactId=zookeeper\nversion=${maven}\n` }),
  })
  if (link !== undefined) symlinkSync('zookeeper.jar', join(jars, `zookeeper-${link}.jar`))
  return jars
}

const find = (home: string | null, env: Record<string, string> = {}, jars = join(root, 'none')) =>
  findApacheHome({ home, env, packagedJars: jars })

describe('an Apache ZooKeeper', () => {
  it('is found in a release that was named, with all its jars, the server first', () => {
    const home = release('apache-zookeeper-3.8.4-bin', '3.8.4')
    const found = find(home)
    expect(found).toMatchObject({ home, version: '3.8.4', logs: true })
    expect(found.classPath).toHaveLength(4)
    expect(found.classPath[0]).toBe(join(home, 'lib', 'zookeeper-3.8.4.jar'))
  })

  it('is the one that was named, before ZOOKEEPER_HOME, and before the package', () => {
    const named = release('named', '3.9.2')
    const env = { ZOOKEEPER_HOME: release('env', '3.7.2') }
    const jars = packaged({ maven: '3.8.0' })
    expect(find(named, env, jars).version).toBe('3.9.2')
    expect(find(null, env, jars).version).toBe('3.7.2')
    expect(find(null, { ZOOKEEPER_HOME: '' }, jars).version).toBe('3.8.0')
  })

  it('from the package has its version in what Maven left, or in the name of a link', () => {
    const byMaven = find(null, {}, packaged({ maven: '3.8.0', link: '3.8.0' }))
    expect(byMaven).toMatchObject({ version: '3.8.0', logs: false })
    expect(byMaven.classPath).toEqual([join(root, 'java', 'zookeeper.jar')])
    rmSync(join(root, 'java'), { recursive: true })
    const jars = packaged({ link: '3.9.1' })
    for (const jar of ['slf4j-log4j12.jar', 'log4j-1.2.jar']) writeFileSync(join(jars, jar), '')
    const byLink = find(null, {}, jars)
    expect(byLink).toMatchObject({ version: '3.9.1', logs: true })
    expect(byLink.classPath).toHaveLength(3)
    // Debian's manifest names all jars of Netty but those that TLS needs.
    const netty = ['netty-codec.jar', 'netty-resolver.jar', 'netty-transport-native-unix-common.jar']
    for (const jar of netty) writeFileSync(join(jars, jar), '')
    const withNetty = find(null, {}, jars).classPath
    expect(withNetty).toEqual([...byLink.classPath, ...netty.map((jar) => join(jars, jar))])
  })

  it('before 3.5 is refused, wherever its jar lies', () => {
    const home = join(root, 'zookeeper-3.4.14')
    writeJar(join(home, 'zookeeper-3.4.14.jar'), { [MANIFEST]: manifest('3.4.14-4c25d48') })
    expect(() => find(home)).toThrow(
      expect.objectContaining({ code: 'APACHE_TOO_OLD', message: expect.stringContaining('3.4.14') }),
    )
    expect(() => find(null, {}, packaged({ maven: '3.4.13' }))).toThrow('3.4.13; 3.5 is the oldest')
  })

  it('of an unknown version is refused', () => {
    expect(() => find(null, {}, packaged({}))).toThrow('does not tell its version')
  })

  it('whose jar is broken is refused', () => {
    const home = release('broken', '3.8.4')
    const jar = join(home, 'lib', 'zookeeper-3.8.4.jar')
    const whole = readFileSync(jar)
    for (const bytes of [whole.subarray(0, 100), Buffer.alloc(0), Buffer.alloc(5000, 7)]) {
      writeFileSync(jar, bytes)
      expect(() => find(home)).toThrow(`${jar} is broken`)
    }
    rmSync(jar)
    mkdirSync(jar)
    expect(() => find(home)).toThrow(`${jar} is broken`)
  })

  it('of last time comes after the one that was named, and before the usual places', () => {
    const env = { ZOOKEEPER_HOME: release('env', '3.7.2') }
    const remembered = release('before', '3.8.4')
    const jars = { packagedJars: join(root, 'none') }
    expect(findApacheHome({ home: null, remembered, env, ...jars }).version).toBe('3.8.4')
    expect(findApacheHome({ home: release('named', '3.9.2'), remembered, env, ...jars }).version).toBe(
      '3.9.2',
    )
    rmSync(remembered, { recursive: true })
    expect(() => findApacheHome({ home: null, remembered, env, ...jars })).toThrow(
      /of last time is .*before, which does not exist/,
    )
  })

  it('is found through ZOOKEEPER_PREFIX, too', () => {
    const prefix = release('prefix', '3.6.4')
    expect(find(null, { ZOOKEEPER_PREFIX: prefix }).version).toBe('3.6.4')
    expect(find(null, { ZOOKEEPER_PREFIX: prefix, ZOOKEEPER_HOME: release('home', '3.7.2') }).version).toBe(
      '3.7.2',
    )
    expect(() => find(null, { ZOOKEEPER_PREFIX: '/gone' })).toThrow('ZOOKEEPER_PREFIX is /gone')
  })

  it('that is missing is reported with everything that was looked for, and what to do', () => {
    expect(() => find(null)).toThrow(
      expect.objectContaining({
        code: 'NO_APACHE',
        message: expect.stringMatching(/--apache-home.*ZOOKEEPER_HOME.*none\/zookeeper\.jar/),
        hint: expect.stringContaining('apt-get install zookeeper'),
      }),
    )
    mkdirSync(join(root, 'empty'))
    expect(() => find(join(root, 'empty'))).toThrow(
      /--apache-home names .*empty, where there is no lib\/zookeeper/,
    )
    expect(() => find(null, { ZOOKEEPER_HOME: join(root, 'gone') })).toThrow(
      /ZOOKEEPER_HOME is .*does not exist/,
    )
  })

  it('has its version compared by numbers', () => {
    expect(isAtLeast('3.10.1', [3, 6])).toBe(true)
    expect(isAtLeast('3.5.0-alpha', [3, 5])).toBe(true)
    expect(isAtLeast('4.0.0', [3, 5])).toBe(true)
    expect(isAtLeast('3.4.14', [3, 5])).toBe(false)
  })
})

describe('a jar', () => {
  it('yields its files, stored and deflated, and null for others', () => {
    const jar = join(root, 'a.jar')
    writeJar(jar, { one: 'stored', two: 'deflated '.repeat(100) })
    expect(readJarEntry(jar, 'one')).toBe('stored')
    expect(readJarEntry(jar, 'two')).toBe('deflated '.repeat(100))
    expect(readJarEntry(jar, 'three')).toBeNull()
    writeFileSync(jar, 'no zip at all')
    expect(readJarEntry(jar, 'one')).toBeNull()
  })

  it('has a manifest whose long lines continue', () => {
    const attributes = manifestAttributes(
      'A: 1\r\nClass-Path: /usr/a.j\r\n ar /usr/b.jar\r\n\r\nName: x\r\nB: 2\r\n',
    )
    expect(Object.fromEntries(attributes)).toEqual({ A: '1', 'Class-Path': '/usr/a.jar /usr/b.jar' })
  })
})

describe('Java', () => {
  function java(folder: string, says: string): string {
    const bin = join(root, folder, 'bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'java'), `#!/bin/sh\necho '${says}' >&2\n`)
    chmodSync(join(bin, 'java'), 0o755)
    return join(root, folder)
  }

  it('is the one in JAVA_HOME, or the first on PATH', async () => {
    const seventeen = java('seventeen', 'openjdk version "17.0.15" 2025-04-15')
    const eight = java('eight', 'java version "1.8.0_292"')
    const path = `/nowhere:${join(eight, 'bin')}:/bin`
    expect(await findJava({ JAVA_HOME: seventeen, PATH: path })).toEqual({
      path: join(seventeen, 'bin', 'java'),
      version: 17,
    })
    expect(await findJava({ PATH: path })).toEqual({ path: join(eight, 'bin', 'java'), version: 8 })
  })

  it('that is too old, is missing or prints no version is reported', async () => {
    const seven = java('seven', 'java version "1.7.0_80"')
    await expect(findJava({ JAVA_HOME: seven })).rejects.toMatchObject({ code: 'JAVA_TOO_OLD' })
    await expect(findJava({ JAVA_HOME: root })).rejects.toThrow(/JAVA_HOME is .*where there is no bin\/java/)
    await expect(findJava({ PATH: '/nowhere' })).rejects.toMatchObject({
      code: 'NO_JAVA',
      message: expect.stringContaining('no java on PATH'),
      hint: expect.stringContaining('JAVA_HOME'),
    })
    const mute = java('mute', 'hello')
    await expect(findJava({ JAVA_HOME: mute })).rejects.toThrow('tells no version: hello')
  })

  it('prints its version in the old form and in the new one', () => {
    expect(javaVersion('openjdk version "21" 2023-09-19')).toBe(21)
    expect(javaVersion('java version "1.8.0"')).toBe(8)
    expect(javaVersion('bash: java: not found')).toBeNull()
  })
})
