import { fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { firstEphemeralPort, PortClaims } from '../../src/supervisor/ports/ports.ts'

const all: PortClaims[] = []

function claims(): PortClaims {
  const made = new PortClaims()
  all.push(made)
  return made
}

afterEach(() => {
  for (const made of all.splice(0)) made.releaseAll()
})

describe('automatic ports', () => {
  it('are distinct, and below those that the kernel gives away', async () => {
    const ports = await claims().claimAny(60)
    expect(new Set(ports).size).toBe(60)
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(10_000)
      expect(port).toBeLessThan(firstEphemeralPort())
    }
  })

  it('are nobody else’s while they are held', async () => {
    const [first, second] = [claims(), claims()]
    const ports = await first.claimAny(2)
    expect(await second.claimThese(ports)).toBe(false)
    first.releaseAll()
    expect(await second.claimThese(ports)).toBe(true)
  })

  it('are claimed together or not at all', async () => {
    const [first, second, third] = [claims(), claims(), claims()]
    const [taken] = (await first.claimAny(1)) as [number]
    const [free] = (await second.claimAny(1)) as [number]
    second.releaseAll()
    expect(await second.claimThese([free, taken])).toBe(false)
    expect(await third.claimThese([free])).toBe(true)
  })

  it('are claimed across processes, and free when their process is killed', async () => {
    const other = fork(new URL('./claimant.mjs', import.meta.url), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const [port] = (await once(other, 'message')) as [number]
    expect(await claims().claimThese([port])).toBe(false)
    other.kill('SIGKILL')
    await once(other, 'exit')
    expect(await claims().claimThese([port])).toBe(true)
  })
})
