import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkEnsemble } from '../../src/config/load/ensemble.ts'
import { parseConfig } from '../../src/config/load/parse.ts'
import { formatProblem } from '../../src/config/problem.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'
import { membershipText } from '../../src/config/servers/membership.ts'
import { withSid } from '../../src/config/servers/ownServer.ts'
import { ROWS } from '../../src/config/settings/table.ts'
import { writeConfig } from './writeConfig.ts'

const at = { file: 'myid', line: 1 }

/** Everything that must survive writing and reading, which the lines do not. */
function content(config: ServerConfig): Omit<ServerConfig, 'origin'> {
  const { origin: _, ...rest } = config
  return rest
}

/** Configs as people might write them: known keys with fitting, odd and absurd values, and server lines. */
function configTexts(): fc.Arbitrary<string> {
  const names = ROWS.map(({ key }) => key)
  const number = fc.oneof(
    fc.integer({ min: -2, max: 70_000 }).map(String),
    fc.constantFrom(
      '0x10',
      '#ff',
      '010',
      '-0',
      '+5',
      '1e3',
      '99999999999999999999',
      '0.5',
      '',
      '30m',
      '5d',
      '100ms',
    ),
  )
  const word = fc.constantFrom(
    'true',
    'false',
    'TRUE',
    'yes',
    'no',
    'maybe',
    'gz',
    'observer',
    '*',
    'stat, ruok',
    'super:x=',
  )
  const path = fc.constantFrom(
    '/tmp/zk',
    './data',
    'C:\\\\zk',
    '/a b',
    '/tmp/\\u00e9',
    '/x # y',
    '/x \\# y',
    '//share/x',
  )
  const value = fc.oneof(number, word, path, fc.string())
  const setting = fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string(), fc.constant('__proto__')), value)
  const host = fc.constantFrom(
    '127.0.0.1',
    'localhost',
    '[::1]',
    '0.0.0.0',
    'node_1',
    '',
    '<host>',
    '::1',
    'höst',
  )
  const port = fc.oneof(
    fc.integer({ min: 1, max: 65535 }).map(String),
    fc.constantFrom('0', '65536', 'x', ''),
  )
  const address = fc.tuple(host, port, port).map((parts) => parts.join(':'))
  const role = fc.constantFrom('', '', ':observer', ':participant', ':Observer ', ':boss')
  const client = fc.oneof(
    fc.constant(''),
    port.map((p) => `;${p}`),
    fc.tuple(host, port).map(([h, p]) => `;${h}:${p}`),
  )
  const more = fc.oneof(
    { weight: 5, arbitrary: fc.constant('') },
    address.map((a) => `|${a}`),
  )
  const server = fc.tuple(address, more, role, client).map((parts) => parts.join(''))
  const sid = fc.oneof(
    fc.integer({ min: 0, max: 6 }).map(String),
    fc.constantFrom('101', '300', '-1', 'x', '01', ''),
  )
  const membership = fc.oneof(
    fc.tuple(
      sid.map((s) => `server.${s}`),
      server,
    ),
    fc.tuple(
      sid.map((s) => `group.${s}`),
      fc.array(sid, { maxLength: 4 }).map((s) => s.join(':')),
    ),
    fc.tuple(
      sid.map((s) => `weight.${s}`),
      number,
    ),
  )
  const separator = fc.constantFrom('=', ' = ', ':', ' ')
  const tail = fc.constantFrom('', '', '', ' ', ' # comment', '#c', ' // c', '\\')
  const pair = fc.oneof(setting, membership)
  const entry = fc.tuple(pair, separator, tail).map(([[key, text], by, end]) => `${key}${by}${text}${end}`)
  return fc
    .array(fc.oneof(entry, fc.constantFrom('# comment', '', '\\')), { maxLength: 25 })
    .map((lines) => lines.join('\n'))
}

describe('any text', () => {
  const texts = fc.oneof(
    configTexts(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme', maxLength: 200 }),
  )

  it('gives a complete config and located problems, and survives the other checks', () => {
    fc.assert(
      fc.property(texts, fc.option(fc.integer({ min: 0, max: 6 })), (text, sid) => {
        const { config, problems } = parseConfig(text, 'zoo.cfg', { file: 'dyn', text })
        const member = withSid(config, sid, at)
        const lines = text.split(/\r\n|\r|\n/).length
        for (const p of [...problems, ...member.problems, ...checkEnsemble([member.config, config])]) {
          expect(p.line === null || (p.line >= 1 && p.line <= lines)).toBe(true)
          expect(formatProblem(p)).not.toContain('undefined')
        }
        expect(JSON.stringify(config)).not.toContain('NaN')
        expect(Object.values(config)).not.toContain(undefined)
        // A config gets into the thread of a member by structured clone.
        expect(structuredClone(member.config)).toEqual(member.config)
      }),
      { numRuns: 1500 },
    )
  })

  it('is written so that it reads the same again, without the faults of the first', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { config } = parseConfig(text, 'zoo.cfg', { file: 'dyn', text })
        const written = writeConfig(config)
        const again = parseConfig(written, 'zoo.cfg', { file: 'dyn', text })
        expect(content(again.config)).toEqual(content(config))
        expect(writeConfig(again.config)).toBe(written)
      }),
      { numRuns: 1500 },
    )
  })

  it('membershipText reads back as the same list', () => {
    fc.assert(
      fc.property(texts, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (text, version) => {
        const { config } = parseConfig(text, 'zoo.cfg')
        const wire = membershipText(config, version)
        expect(wire.split('\n').at(-1)).toBe(`version=${version.toString(16)}`)
        const body = wire.slice(0, wire.lastIndexOf('version='))
        const again = parseConfig(`${body}\nstandaloneEnabled=${config.standaloneEnabled}`, 'wire')
        expect(membershipText(again.config, version)).toBe(wire)
      }),
      { numRuns: 500 },
    )
  })
})
