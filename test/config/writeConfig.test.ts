import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load/parse.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'
import { withSid } from '../../src/config/servers/ownServer.ts'
import { lex } from '../../src/config/text/lexer.ts'
import { line } from '../../src/config/text/line.ts'
import { writeConfig } from './writeConfig.ts'

const at = { file: 'myid', line: 1 }

/** Everything that must survive writing and reading, which the lines do not. */
function content(config: ServerConfig): Omit<ServerConfig, 'origin'> {
  const { origin: _, ...rest } = config
  return rest
}

describe('writeConfig', () => {
  it('leaves defaults out', () => {
    const { config } = parseConfig('dataDir=/d\nclientPort=2181', 'f')
    expect(writeConfig(config)).toBe(
      'tickTime=3000\ndataDir=/d\nclientPort=2181\nclientPortAddress=127.0.0.1\n',
    )
  })

  it.each([
    ['server.1=a:1:2;2181', null, false],
    ['server.1=a:1:2;2181', 1, false],
    ['server.1=a:1:2;127.0.0.1:2181', 1, true],
    ['server.1=a:1:2;2181', 2, true],
    ['server.1=a:1:2', 1, true],
  ])('%s for id %s: writes a clientPortAddress only where Apache accepts it', (server, sid, writes) => {
    const text = `dataDir=/d\nclientPort=2181\n${server}\nserver.2=b:1:2\nserver.3=c:1:2`
    const { config } = withSid(parseConfig(text, 'f').config, sid, at)
    expect(writeConfig(config).includes('clientPortAddress=127.0.0.1')).toBe(writes)
  })

  it('points to the dynamic file instead of repeating it', () => {
    const dynamic = { file: 'dyn', text: 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2' }
    const text = 'dataDir=/d\nclientPort=1\ninitLimit=1\nsyncLimit=1\ndynamicConfigFile=dyn'
    const { config } = parseConfig(text, 'f', dynamic)
    const again = parseConfig(writeConfig(config), 'f', dynamic)
    expect(again.problems).toEqual([])
    expect(content(again.config)).toEqual(content(config))
  })

  it('writes any key and value as a line that reads back as it was', () => {
    const trimmed = fc.string({ unit: 'binary' }).map((s) => s.replace(/^[\0-\x20]+|[\0-\x20]+$/g, ''))
    const awkward = fc.string({
      unit: fc.constantFrom('\\', ' ', '\t', '#', '!', '=', ':', '/', 'u', 'a', '\n', 'é'),
    })
    const text = fc.oneof(
      trimmed,
      awkward.map((s) => s.trim()),
    )
    fc.assert(
      fc.property(text, text, (key, value) => {
        const written = line(key, value)
        expect(written).toMatch(/^[\x20-\x7e\t\f]*$/)
        const { entries, problems } = lex(written, 'f')
        expect(problems).toEqual([])
        expect(entries).toMatchObject([{ key, value, comment: null }])
      }),
      { numRuns: 2000 },
    )
  })
})
