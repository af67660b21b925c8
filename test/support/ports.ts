/**
 * Free ports for servers that must be told their ports before they bind them (Apache ZooKeeper; a fixed
 * data directory of ours). Ports come from below the ephemeral range, so no outgoing connection can take
 * one in between, and each is claimed with a lock file, so test runs side by side get different ones.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

const lowest = 10_500
const highest = 31_999
const claimsDir = join(tmpdir(), `zk-pseudo-test-ports-${userInfo().username}`)
const claimed = new Set<number>()

/** Claims `count` ports of 127.0.0.1 that nobody listens on. Give them back with `releasePorts`. */
export async function claimPorts(count: number): Promise<number[]> {
  mkdirSync(claimsDir, { recursive: true })
  const ports: number[] = []
  for (let attempt = 0; ports.length < count; attempt++) {
    if (attempt > 1000 + count * 20) throw new Error(`no ${count} free ports in ${lowest}-${highest}`)
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1))
    if (!claim(port)) continue
    if (await isFree(port)) ports.push(port)
    else releasePorts([port])
  }
  return ports
}

/** Lets others claim these ports again. */
export function releasePorts(ports: Iterable<number>): void {
  for (const port of ports) {
    if (claimed.delete(port)) rmSync(lockFile(port), { force: true })
  }
}

/** Whether a listener could bind the port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function claim(port: number): boolean {
  for (const retry of [false, true]) {
    try {
      writeFileSync(lockFile(port), String(process.pid), { flag: 'wx' })
      claimed.add(port)
      return true
    } catch {
      if (retry || ownerLives(port)) return false
      rmSync(lockFile(port), { force: true })
    }
  }
  return false
}

function ownerLives(port: number): boolean {
  try {
    const pid = Number(readFileSync(lockFile(port), 'utf8'))
    if (!(pid > 0)) return false
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function lockFile(port: number): string {
  return join(claimsDir, String(port))
}

process.once('exit', () => releasePorts([...claimed]))
