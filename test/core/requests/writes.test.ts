/** As `apache.test.ts`, for the conversations of `writeScripts.ts`, which bring their settings with them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Database } from '../../../src/tree/database.ts'
import { ApacheEnsemble, apacheUnavailable } from '../../support/apache.ts'
import { converse } from './conversation.ts'
import { CoreServer } from './coreServer.ts'
import { type CraftedNode, craftDataDir, readCrafted } from './crafted.ts'
import { SocketServer } from './socketServer.ts'
import { WRITE_SCRIPTS, type WriteScript } from './writeScripts.ts'

const folder = join(import.meta.dirname, 'apache-3.8.0')
const fileOf = (name: string) => join(folder, `${name.replaceAll(' ', '-')}.txt`)
const isRecording = process.env.RECORD_APACHE === '1'

const dirs: string[] = []
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
})

/** A data dir that holds these nodes. */
function crafted(nodes: readonly CraftedNode[], below = ''): string {
  const dir = mkdtempSync(join(tmpdir(), 'crafted-'))
  dirs.push(dir)
  craftDataDir(join(dir, below), nodes)
  return dir
}

/** The settings of a conversation as the core has them. */
function coreServer({ set = {}, nodes }: WriteScript): CoreServer {
  const isOn = (key: string) => set[key] === 'true'
  const extended = isOn('emulate353TTLNodes') ? 'since353' : 'since354'
  const ttlRule = isOn('extendedTypesEnabled') ? extended : 'none'
  const database = nodes ? readCrafted(crafted(nodes), ttlRule) : Database.initial(ttlRule)
  return new CoreServer({ enforceQuota: isOn('enforceQuota') }, database)
}

describe('as Apache 3.8.0 answered', () => {
  test.skipIf(isRecording).each(Object.entries(WRITE_SCRIPTS))('%s', async (name, script) => {
    const said = await converse(coreServer(script), script.steps)
    expect(said).toEqual(readFileSync(fileOf(name), 'utf8').split('\n'))
  })
})

const unavailable = apacheUnavailable()
describe.skipIf(unavailable)(`Apache itself ${unavailable ? `(skipped: ${unavailable})` : ''}`, () => {
  test.each(Object.entries(WRITE_SCRIPTS))(
    '%s',
    { timeout: 60_000 },
    async (name, { steps, set = {}, nodes }) => {
      const found = nodes ? { dir: crafted(nodes, 'data-0') } : {}
      await using apache = await ApacheEnsemble.start({ members: 1, set: { ...set }, ...found })
      const { clientPort } = await apache.waitForLeader()
      using server = new SocketServer(clientPort)
      const said = await converse(server, steps)
      if (isRecording || !existsSync(fileOf(name))) {
        mkdirSync(folder, { recursive: true })
        writeFileSync(fileOf(name), said.join('\n'))
      }
      expect(said).toEqual(readFileSync(fileOf(name), 'utf8').split('\n'))
    },
  )
})
