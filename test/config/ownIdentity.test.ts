import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load/load.ts'
import { IdentityError, requireIdentity } from '../../src/config/load/ownIdentity.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zkp-identity-'))
  mkdirSync(join(dir, 'data'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const myid = () => join(dir, 'data', 'myid')

/** The config as it was read when the cluster went up. */
function configOf(servers: readonly string[]): ServerConfig {
  writeFileSync(myid(), '1\n')
  const file = join(dir, 'zoo.cfg')
  const lines = [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${join(dir, 'data')}`,
    'clientPort=21810',
  ]
  writeFileSync(file, [...lines, ...servers].join('\n'))
  return loadConfig(file).config as ServerConfig
}

const servers = [1, 2, 3].map((id) => `server.${id}=127.0.0.1:${8000 + id}:${8100 + id}`)

function refusal(config: ServerConfig): IdentityError {
  try {
    requireIdentity(config)
  } catch (error) {
    return error as IdentityError
  }
  throw new Error('it was not refused')
}

describe('the id of a member that is about to start', () => {
  it('is what its myid says', () => {
    expect(() => requireIdentity(configOf(servers))).not.toThrow()
  })

  const wrong: [string, string | null, RegExp][] = [
    ['missing', null, /myid is missing, and must say 1$/],
    ["another member's", '2\n', /myid says 2, and must say 1$/],
    ['no number', 'one\n', /myid "one" is not a number; it must say 1$/],
    ['empty', '', /myid "" is not a number; it must say 1$/],
  ]
  it.each(wrong)('is refused when it is %s, with the file and what to do', (_, text, message) => {
    const config = configOf(servers)
    if (text === null) rmSync(myid())
    else writeFileSync(myid(), text)
    const error = refusal(config)
    expect(error).toBeInstanceOf(IdentityError)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(myid())
    expect(error.hint).toContain(`echo 1 > ${myid()}`)
    expect(error).toMatchObject({ code: 'WRONG_MYID', exitCode: 1 })
  })

  it('does not matter to a server alone', () => {
    const config = configOf([])
    rmSync(myid())
    expect(() => requireIdentity(config)).not.toThrow()
  })
})
