/**
 * Ids mean what they mean to Apache ZooKeeper's own providers. Their answers are recorded beside this file;
 * where Apache is installed it is asked again (and its answers are written down with RECORD_APACHE=1).
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { digestId } from '../../../src/core/auth/digest.ts'
import { DEFAULT_AUTHENTICATION } from '../../../src/core/auth/options.ts'
import { providersOf } from '../../../src/core/auth/providers.ts'
import { derValue } from '../../../src/net/tls/der.ts'
import { nameText } from '../../../src/net/tls/subject.ts'
import { apacheUnavailable } from '../../support/apache.ts'
import { works } from '../../support/programs.ts'

const IDS = [
  '10.0.0.1 10.0.0.0/8 10.1.2.3/32 10.1.2.3/0 1.2.3.4/33 1.2.3.4/-1 1.2.3.4/+8 1.2.3.4/ 1.2.3.4/8/9 1.2.3',
  '1.2.3.4.5 1.2.3.256 1.2.3.-1 1.2.3.+4 01.002.0003.4 1..2.3 1.2.3.4. 0x1.2.3.4 1.2.3.a ::1 fe80::1/64 0:0:0:0:0:0:0:1',
  '1.2.3.99999999999 1.2.3.4/99999999999 127.0.0.1/31 255.255.255.255',
].flatMap((line) => line.split(' '))

const MATCHES = [
  ['10.1.2.3', '10.0.0.0/8'],
  ['11.1.2.3', '10.0.0.0/8'],
  ['10.1.2.3', '10.1.2.3'],
  ['10.1.2.3', '10.1.2.4'],
  ['10.1.2.3', '10.1.2.4/30'],
  ['10.1.2.3', '10.1.2.0/30'],
  ['10.1.2.3', '10.1.2.2/31'],
  ['10.1.2.3', '10.1.2.4/31'],
  ['10.1.2.3', '99.9.9.9/0'],
  ['10.129.0.0', '10.128.0.0/9'],
  ['10.127.0.0', '10.128.0.0/9'],
  ['200.1.1.1', '200.1.1.1/32'],
  ['10.1.2.3', '10.1.2.3/33'],
  ['10.1.2.3', '010.1.2.3'],
  ['0:0:0:0:0:0:0:1', '0:0:0:0:0:0:0:1'],
  ['0:0:0:0:0:0:0:1', '127.0.0.1/0'],
] as const

const DIGEST_IDS = ['', 'a', 'a:b', 'a:b:c', 'a:', ':b', ':', 'a::', '::b', 'a:b:', 'a b:c', 'é:ü']
const SASL_IDS = [
  '',
  'bob',
  'bob@REALM',
  'bob/host@REALM',
  'bob/host',
  'a@b@c',
  'a/b/c@d',
  '@',
  '/@',
  'a@',
  'ü',
]

const NAMES = readFileSync(join(import.meta.dirname, 'names.txt'), 'utf8')
  .split('\n')
  .slice(0, -1)
const PASSWORDS = ['super:secret', 'a:b:c', ':', 'nobody', 'ü:é', 'x:']

const questions: (readonly [kind: string, ...words: string[]])[] = [
  ...IDS.map((id) => ['ip', id] as const),
  ...MATCHES.map(([id, aclId]) => ['ip', id, aclId] as const),
  ...DIGEST_IDS.map((id) => ['digest', id] as const),
  ...SASL_IDS.map((id) => ['sasl', id] as const),
  ['sasl', 'bob', 'bob'],
  ['sasl', 'bob', 'al'],
  ['sasl', 'super', 'al'],
  ...NAMES.map((name) => ['x509', name] as const),
  ['x509', 'CN=a', 'CN=a'],
  ['x509', 'CN=a', 'cn=a'],
  ...NAMES.map((name) => ['name', name] as const),
  ...PASSWORDS.map((credentials) => ['hash', credentials] as const),
]

const file = join(import.meta.dirname, 'apache-3.8.0.json')
const isRecording = process.env.RECORD_APACHE === '1'
const keyOf = (question: readonly string[]) => JSON.stringify(question)

const missing = apacheUnavailable() ?? (works('javac', ['-version']) ? undefined : 'no JDK')
describe.skipIf(missing)(`Apache itself ${missing ? `(skipped: ${missing})` : ''}`, () => {
  test('answers as recorded', { timeout: 60_000 }, () => {
    const answers = askApache()
    const said = Object.fromEntries(questions.map((question, i) => [keyOf(question), answers[i]]))
    if (isRecording) writeFileSync(file, `${JSON.stringify(said, null, 1)}\n`)
    expect(said).toEqual(JSON.parse(readFileSync(file, 'utf8')))
  })
})

describe.skipIf(isRecording)('as Apache 3.8.0 and OpenJDK 17 answered', () => {
  const recorded = isRecording ? {} : (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)
  it.each(questions.map((question) => [keyOf(question), question] as const))('%s', (key, question) => {
    const expected = recorded[key]
    if (expected === undefined) throw new Error('it was never asked; record with RECORD_APACHE=1')
    expect(ours(question, expected)).toBe(expected)
  })
})

function askApache(): string[] {
  const encode = (word: string) => Buffer.from(word).toString('base64')
  const lines = questions.map(([kind, ...words]) => [kind, ...words.map(encode)].join(' '))
  const classPath = process.env.ZK_APACHE_CLASSPATH ?? '/usr/share/java/zookeeper.jar'
  const source = join(import.meta.dirname, 'AskApache.java')
  const { stdout, stderr, status } = spawnSync('java', ['-cp', classPath, source], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  const answers = stdout.split('\n').slice(0, -1)
  return answers.map((answer) => Buffer.from(answer, 'base64').toString())
}

const providers = providersOf({ ...DEFAULT_AUTHENTICATION, extraProviders: ['sasl', 'x509'] })

function ours([kind, first = '', second]: readonly string[], recorded: string): string {
  if (kind === 'hash') return digestId(first)
  if (kind === 'name') return recorded === 'invalid' ? recorded : nameOf(recorded)
  const provider = providers.get(kind as string)
  if (provider === undefined) throw new Error(`no provider for ${kind}`)
  return String(second === undefined ? provider.isValid(first) : provider.matches(first, second))
}

/** The bytes that Java made of a name, printed by us. */
function nameOf(recorded: string): string {
  const hex = recorded.slice(recorded.lastIndexOf('\n') + 1)
  return `${nameText(derValue(Buffer.from(hex, 'hex')))}\n${hex}`
}
