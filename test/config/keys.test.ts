import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load/parse.ts'
import { keySpec, nearestKey } from '../../src/config/settings/keys.ts'
import { ROWS } from '../../src/config/settings/table.ts'
import { readValue } from '../../src/config/settings/values.ts'

/** Values other than the default for keys that do not accept the usual ones. */
const OTHER_VALUES: Readonly<Record<string, string>> = {
  electionAlg: '3',
  'snapshot.compression.method': 'gz',
  peerType: 'observer',
  commitLogCount: '600',
  snapshotSizeFactor: '0.5',
  minSessionTimeout: '1234',
  maxSessionTimeout: '12345',
  'observer.syncEnabled': 'false',
}

function otherValue(name: string): string {
  const spec = keySpec(name)
  if (spec === null) throw new Error(name)
  if (OTHER_VALUES[name] !== undefined) return OTHER_VALUES[name]
  if (spec.kind === 'boolean' || spec.kind === 'onlyTrue') return spec.default === 'true' ? 'false' : 'true'
  if (spec.kind === 'onlyYes' || spec.kind === 'unlessNo') return spec.default === 'yes' ? 'no' : 'yes'
  if (spec.kind === 'ratio') return '0.5'
  if (['int', 'long', 'port', 'interval'].includes(spec.kind)) return '4321'
  return 'stat'
}

const KEYS = ROWS.filter(({ kind }) => kind !== 'family')

describe('the tables of keys', () => {
  it('has each key once, with a default that reads without fault', () => {
    const names = KEYS.map(({ key }) => key)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(180)
    for (const spec of KEYS) {
      if (spec.default !== '') expect(readValue(spec, spec.default).fault, spec.key).toBeNull()
    }
  })

  const acted = KEYS.filter(({ notActed }) => notActed === undefined)
  it.each(acted.map(({ key }) => key))('%s changes the config', (name) => {
    const base = ['dataDir=/d', 'clientPort=1', 'tickTime=1000']
    const withKey = parseConfig([...base, `${name}=${otherValue(name)}`].join('\n'), 'f').config
    const without = parseConfig(base.join('\n'), 'f').config
    expect(withKey.other).toEqual({})
    const differs = JSON.stringify({ ...withKey, origin: 0 }) !== JSON.stringify({ ...without, origin: 0 })
    // Its only legal value is the default.
    expect(differs).toBe(name !== 'electionAlg')
  })

  it.each([
    ['ticktime', 'tickTime'],
    ['tickTmie', 'tickTime'],
    ['datadir', 'dataDir'],
    ['clinetPort', 'clientPort'],
    ['zookeeper.snapCount', 'snapCount'],
    ['zookeeper.snapcount', 'snapCount'],
    ['autopurge.purgeInteval', 'autopurge.purgeInterval'],
    ['4lw.command.whitelist', '4lw.commands.whitelist'],
    ['servr.1', 'server.1'],
    ['electionPortBindRetries', 'electionPortBindRetry'],
  ])('%s is near %s', (written, meant) => {
    expect(nearestKey(written)).toBe(meant)
  })

  it.each(['', 'x', 'completelyDifferent', 'z'.repeat(100_000)])('%.20s is near nothing', (written) => {
    expect(nearestKey(written)).toBeNull()
  })

  it('knows families of keys', () => {
    expect(keySpec('authProvider.sasl')).toMatchObject({ key: 'authProvider.sasl', source: 'property' })
    expect(keySpec('superUser.1')).toMatchObject({ key: 'superUser.1', source: 'property' })
    expect(keySpec('metricsProvider.httpPort')).toMatchObject({ source: 'file', notActed: 'later' })
    expect(keySpec('constructor')).toBeNull()
  })
})
