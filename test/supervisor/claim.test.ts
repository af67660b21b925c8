/**
 * Asking who holds a name: a holder answers, is silent, or has just let go; each means something else to who
 * wants it.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { askHolder, claim, type Release } from '../../src/supervisor/folder/claim.ts'

const ends: (() => void)[] = []
const name = () => `test-${randomBytes(6).toString('hex')}`

afterEach(() => {
  for (const end of ends.splice(0)) end()
})

async function held(wanted: string, tell: () => string): Promise<Release> {
  const release = await claim(wanted, tell)
  if (release === null) throw new Error(`${wanted} is held by another`)
  ends.push(release)
  return release
}

describe('the holder of a name', () => {
  it('tells who it is, and keeps the name from others until it lets go', async () => {
    const wanted = name()
    const release = await held(wanted, () => 'me')
    expect(await askHolder(wanted)).toBe('me')
    expect(await claim(wanted)).toBeNull()
    release()
    expect(await askHolder(wanted)).toBeNull()
    await held(wanted, () => 'another')
    expect(await askHolder(wanted)).toBe('another')
  })
})

describe.skipIf(process.platform !== 'linux')('a holder that does not answer', () => {
  async function holder(wanted: string, onAsked: (socket: Socket) => void): Promise<Server> {
    const server = createServer(onAsked)
    await new Promise<void>((bound) => server.listen({ path: `\0zk-pseudo-${wanted}` }, bound))
    ends.push(() => server.close())
    return server
  }

  it('has let go when it hangs up without a word', async () => {
    const wanted = name()
    await holder(wanted, (socket) => socket.destroy())
    expect(await askHolder(wanted)).toBeNull()
  })

  it('holds the name all the same when it says nothing, as one that is stopped', async () => {
    const wanted = name()
    await holder(wanted, (socket) => ends.push(() => socket.destroy()))
    expect(await askHolder(wanted)).toBe('')
  })
})
