import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeGreeting, encodeNotification } from '../../src/core/election/codec.ts'
import type { Notification } from '../../src/core/election/notification.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { eventually } from '../support/eventually.ts'
import { hostileInput } from '../support/hostileInput.ts'
import { claimPorts, releasePorts } from '../support/ports.ts'
import { at, localhost, NetworkEnd } from './electionMember.ts'

let claimed: number[]
let ports: Map<number, number>
let ends: NetworkEnd[]
let sockets: Socket[]

beforeEach(async () => {
  claimed = await claimPorts(4)
  ports = new Map([1, 2, 3].map((id, i) => [id, claimed[i] as number]))
  ends = []
  sockets = []
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await Promise.all(ends.map((end) => end.network.close()))
  releasePorts(claimed)
})

async function open(sid: number, options = {}): Promise<NetworkEnd> {
  const end = await NetworkEnd.listening(sid, ports, options)
  ends.push(end)
  return end
}

function vote(round: number): Notification {
  return {
    state: 0,
    leader: 1 as Sid,
    zxid: 0 as Zxid,
    electionEpoch: round,
    peerEpoch: 0,
    version: 2,
    config: 'x',
  }
}

const rounds = (end: NetworkEnd) => end.heard.map(({ notification }) => notification.electionEpoch)

/** Dials as a server with that id would. Resolves when connected. */
async function dial(port: number, ...bytes: Buffer[]): Promise<Socket> {
  const socket = connect({ port, host: localhost })
  sockets.push(socket)
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  for (const part of bytes) socket.write(part)
  return socket
}

const ended = (socket: Socket) =>
  new Promise<void>((resolve) => socket.resume().once('close', () => resolve()))

describe('who dials', () => {
  it('is the greater id, also when the smaller one has something to send', async () => {
    const [one, two] = [await open(1), await open(2)]
    one.network.send(2 as Sid, vote(7))
    await eventually('the vote', () => two.heard.length > 0)
    expect(two.heard[0]).toMatchObject({ from: 1, notification: vote(7) })
    expect(one.reached).toMatchObject([{ sid: 2, reachable: true }])
    two.network.send(1 as Sid, vote(8))
    await eventually('the answer', () => one.heard.length > 0)
    expect(one.heard[0]).toMatchObject({ from: 2, notification: vote(8) })
  })

  it('does not matter when both dial at once', async () => {
    const [one, two] = [await open(1), await open(2)]
    for (let round = 1; round <= 20; round++) {
      one.network.send(2 as Sid, vote(round))
      two.network.send(1 as Sid, vote(round))
    }
    await eventually('the newest votes', () => rounds(one).at(-1) === 20 && rounds(two).at(-1) === 20)
    expect([one, two].flatMap(({ reached }) => reached.map(({ reachable }) => reachable))).not.toContain(
      false,
    )
  })

  it('dials back to the address in the greeting', async () => {
    await open(2)
    const greeted = new Promise<Buffer>((resolve) => {
      const elsewhere = createServer((socket) =>
        socket.once('data', resolve).once('close', () => elsewhere.close()),
      )
      elsewhere.listen(claimed[3], localhost)
    })
    const socket = await dial(ports.get(2) as number, encodeGreeting(1 as Sid, at(claimed[3] as number)))
    await ended(socket)
    expect((await greeted).toString('latin1')).toContain(`${localhost}:${ports.get(2)}`)
  })

  it('closes what it dialled to a greater id, after the greeting', async () => {
    const one = await open(1)
    const received = new Promise<Buffer>((resolve) => {
      const server = createServer((socket) => {
        const chunks: Buffer[] = []
        socket.on('data', (chunk) => chunks.push(chunk))
        socket.once('end', () => {
          resolve(Buffer.concat(chunks))
          socket.destroy()
          server.close()
        })
      })
      server.listen(ports.get(3), localhost)
    })
    one.network.send(3 as Sid, vote(1))
    expect(await received).toEqual(encodeGreeting(1 as Sid, at(ports.get(1) as number)))
  })
})

describe('messages', () => {
  it('to oneself take no socket', async () => {
    const one = await open(1)
    one.network.send(1 as Sid, vote(3))
    await eventually('the vote', () => rounds(one).at(-1) === 3)
  })

  it('wait for a peer that is not up, only the newest one, and arrive soon after it is', async () => {
    const two = await open(2)
    for (const round of [1, 2, 3]) two.network.send(1 as Sid, vote(round))
    await eventually('a refusal', () => two.reached.length > 0)
    expect(two.reached).toMatchObject([
      { sid: 1, reachable: false, reason: expect.stringContaining('ECONNREFUSED') },
    ])
    const one = await open(1)
    const startedAt = performance.now()
    await eventually('the vote', () => one.heard.length > 0, { everyMs: 1 })
    expect(rounds(one)).toEqual([3])
    expect(performance.now() - startedAt).toBeLessThan(1200)
    expect(two.reached.map(({ reachable }) => reachable)).toEqual([false, true])
  })

  it('are sent again after a reconnection', async () => {
    const one = await open(1)
    const two = await open(2)
    one.network.send(2 as Sid, vote(1))
    two.network.send(1 as Sid, vote(2))
    await eventually('both votes', () => one.heard.length > 0 && two.heard.length > 0)
    await two.network.close()
    await eventually('the loss', () => one.reached.at(-1)?.reachable === false)
    const again = await open(2)
    again.network.send(1 as Sid, vote(5))
    await eventually('the last vote of the one that stayed', () => rounds(again).at(-1) === 1)
    await eventually('the vote of the one that came back', () => rounds(one).at(-1) === 5)
  })

  it('of damaged content are dropped; the conversation continues', async () => {
    const one = await open(1)
    const damaged = Buffer.concat([Buffer.from([0, 0, 0, 5]), Buffer.from('short')])
    const port = ports.get(1) as number
    await dial(port, encodeGreeting(3 as Sid, at(1)), damaged, encodeNotification(vote(4)))
    await eventually('the vote behind it', () => rounds(one).at(-1) === 4)
    expect(one.events).toContainEqual(
      expect.objectContaining({ type: 'log', message: expect.stringMatching(/^dropping/) }),
    )
  })

  it('may arrive in pieces, right after the greeting', async () => {
    const one = await open(1)
    const bytes = Buffer.concat([
      encodeGreeting(3 as Sid, at(1)),
      encodeNotification(vote(1)),
      encodeNotification(vote(2)),
    ])
    const socket = await dial(ports.get(1) as number)
    for (const byte of bytes) {
      socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await eventually('both votes', () => one.heard.length === 2)
    expect(rounds(one)).toEqual([1, 2])
  })
})

describe('reachability', () => {
  it('learns of a dead peer at once, from either side', async () => {
    const [one, two, three] = [await open(1), await open(2), await open(3)]
    for (const to of [1, 3]) two.network.send(to as Sid, vote(1))
    await eventually('connections', () => one.heard.length > 0 && three.heard.length > 0)
    const [sideOne, sideThree] = [one.reached.length, three.reached.length]
    const startedAt = performance.now()
    await two.network.close()
    await eventually('the loss', () => one.reached.length > sideOne && three.reached.length > sideThree, {
      everyMs: 1,
    })
    expect(performance.now() - startedAt).toBeLessThan(500)
    for (const end of [one, three]) expect(end.reached.at(-1)).toMatchObject({ sid: 2, reachable: false })
  })

  it('does not give up a peer whose connection broke and whose port answers', async () => {
    const [one, three] = [await open(1), await open(3)]
    // When a connection in the same server's name breaks, only the real server can be asked.
    const intruder = await dial(ports.get(1) as number, encodeGreeting(3 as Sid, at(ports.get(3) as number)))
    await eventually('a connection', () => one.network.isConnected(3 as Sid))
    intruder.destroy()
    three.network.send(1 as Sid, vote(1))
    await eventually('the true one', () => rounds(one).at(-1) === 1)
    expect([one, three].flatMap(({ reached }) => reached.map(({ reachable }) => reachable))).not.toContain(
      false,
    )
  })
})

describe('a second connection in the name of a peer', () => {
  const greeting = (sid: number, port = ports.get(sid) as number) => encodeGreeting(sid as Sid, at(port))

  async function talking(): Promise<[NetworkEnd, NetworkEnd]> {
    const [one, three] = [await open(1), await open(3)]
    three.network.send(1 as Sid, vote(1))
    await eventually('the vote', () => rounds(one).at(-1) === 1)
    return [one, three]
  }

  it('does not silence the first one, in either direction', async () => {
    const [one, three] = await talking()
    const stranger = await dial(ports.get(1) as number, greeting(3), encodeNotification(vote(50)))
    await eventually('what the stranger says', () => rounds(one).at(-1) === 50)
    three.network.send(1 as Sid, vote(2))
    await eventually('the next vote', () => rounds(one).at(-1) === 2)
    one.network.send(3 as Sid, vote(3))
    await eventually('the answer', () => rounds(three).at(-1) === 3)
    stranger.destroy()
    three.network.send(1 as Sid, vote(4))
    await eventually('the last', () => rounds(one).at(-1) === 4)
    // It was the same connection all the time, because nothing was sent twice.
    expect(rounds(three)).toEqual([3])
    expect(rounds(one)).toEqual([1, 50, 2, 4])
  })

  it('is used in both directions: a peer that came back while its old connection is half open', async () => {
    const one = await open(1)
    one.network.send(3 as Sid, vote(7))
    // It never reads, and neither side closes it.
    const halfOpen = await dial(ports.get(1) as number, greeting(3))
    halfOpen.pause()
    await eventually('it', () => one.network.isConnected(3 as Sid))
    const heard: Buffer[] = []
    const again = await dial(ports.get(1) as number, greeting(3), encodeNotification(vote(8)))
    again.on('data', (chunk: Buffer) => heard.push(chunk))
    await eventually('its vote', () => rounds(one).at(-1) === 8)
    await eventually('what was said last', () => heard.length > 0)
    one.network.send(3 as Sid, vote(9))
    await eventually('what is said next', () =>
      Buffer.concat(heard).equals(Buffer.concat([encodeNotification(vote(7)), encodeNotification(vote(9))])),
    )
  })

  it('makes room for the next one: there are few, with the first and the newest among them', async () => {
    const [one, three] = await talking()
    const strangers: Socket[] = []
    for (let i = 0; i < 20; i++) strangers.push(await dial(ports.get(1) as number, greeting(3)))
    const isOpen = (socket: Socket) => socket.readyState === 'open'
    for (const stranger of strangers) stranger.resume()
    await eventually('room', () => strangers.filter(isOpen).length <= 3)
    expect(isOpen(strangers[19] as Socket)).toBe(true)
    one.network.send(3 as Sid, vote(5))
    await eventually('the vote', () => rounds(three).at(-1) === 5)
    expect(rounds(three)).toEqual([5])
  })

  it('in the name of a smaller one does not cost the connection, wherever it asks to be dialled', async () => {
    const [one, three] = await talking()
    // A greeting right after a connection has crossed it, and is ignored.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const elsewhere = claimed[3] as number
    let dialled = 0
    const trap = createServer((socket) => {
      dialled += 1
      socket.destroy()
    }).listen(elsewhere, localhost)
    await new Promise((resolve) => trap.once('listening', resolve))
    await ended(await dial(ports.get(3) as number, greeting(1, elsewhere)))
    three.network.send(1 as Sid, vote(6))
    one.network.send(3 as Sid, vote(7))
    await eventually('both votes', () => rounds(one).includes(6) && rounds(three).includes(7))
    expect(dialled).toBe(0)
    trap.close()
    expect([one, three].flatMap(({ reached }) => reached.map(({ reachable }) => reachable))).toEqual([
      true,
      true,
    ])
  })
})

describe('strangers and damage', () => {
  for (const { name, sends } of hostileInput.election) {
    it(`are unharmed and refused: ${name}`, async () => {
      const one = await open(1)
      const socket = await dial(ports.get(1) as number, ...sends)
      socket.end()
      await ended(socket)
      await eventually('the refusal', () => one.refusals().length > 0)
      const three = await open(3)
      three.network.send(1 as Sid, vote(2))
      await eventually('a vote', () => rounds(one).at(-1) === 2)
    })
  }

  it('are refused with different reasons', async () => {
    const two = await open(2, { greetingTimeoutMs: 50 })
    const port = ports.get(2) as number
    const cases: [RegExp, Buffer][] = [
      [/not an election greeting/, Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      [/server 99 is not in the configuration/, encodeGreeting(99 as Sid, at(1))],
      [/own id, 2/, encodeGreeting(2 as Sid, at(1))],
      [/no greeting within 50 ms/, Buffer.alloc(0)],
    ]
    for (const [reason, bytes] of cases) {
      await ended(await dial(port, bytes))
      await eventually(`a refusal like ${reason}`, () => reason.test(two.refusals().at(-1) ?? ''))
    }
  })

  it('that send nothing are few', async () => {
    const one = await open(1)
    const silent = await Promise.all(Array.from({ length: 140 }, () => dial(ports.get(1) as number)))
    for (const socket of silent) socket.resume()
    await eventually('room', () => silent.filter(({ readyState }) => readyState === 'open').length <= 128)
    const three = await open(3)
    three.network.send(1 as Sid, vote(2))
    await eventually('a vote', () => rounds(one).at(-1) === 2)
  })

  it.each([
    ['a length of 2 GiB', Buffer.from('7fffffff', 'hex')],
    ['a negative length', Buffer.from('fffffffb', 'hex')],
    ['no length at all', Buffer.from('00000000', 'hex')],
  ])('lose their connection for %s', async (_, bytes) => {
    const one = await open(1)
    const socket = await dial(ports.get(1) as number, encodeGreeting(3 as Sid, at(1)), bytes)
    await ended(socket)
    expect(one.events).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('closing the connection of 3') }),
    )
  })
})

it('reports which port is taken, and then holds none', async () => {
  await open(1)
  const second = new NetworkEnd(1, ports)
  await expect(second.network.listen()).rejects.toMatchObject({ code: 'EADDRINUSE', port: ports.get(1) })
})

it('takes a free port, and is dialled back there', async () => {
  const two = await open(2)
  const one = new NetworkEnd(
    1,
    new Map([
      [1, 0],
      [2, ports.get(2) as number],
    ]),
  )
  ends.push(one)
  const port = await one.network.listen()
  expect(port).toBeGreaterThan(0)
  one.network.send(2 as Sid, vote(6))
  await eventually('the vote', () => rounds(two).at(-1) === 6)
})
