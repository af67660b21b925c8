/**
 * Automatic ports. They come from below the kernel's ephemeral range, so that no outgoing connection takes
 * one, and each is claimed across processes for as long as the cluster exists, so that a parallel run does
 * not take the port of a member that is down. A claim is a name, not the port itself, which the member binds.
 */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { OperationError } from '../../api/operationError.ts'
import type { PortRange } from '../../config/classic.ts'
import { claim, type Release } from '../folder/claim.ts'

const LOWEST = 10_000
/**
 * The range assumed where the kernel does not tell it: IANA's begins at 49152, and BSD's old one, from 1024,
 * is no longer used.
 */
const USUAL_FIRST_EPHEMERAL = 32_768

/** The range from which the system takes the ports of outgoing connections. */
export function ephemeralRange(): PortRange {
  try {
    const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    const [first = 0, last = 0] = text.trim().split(/\s+/).map(Number)
    if (first > 0 && last >= first) return { first, last }
  } catch {
    // Not Linux.
  }
  return { first: USUAL_FIRST_EPHEMERAL, last: 65_535 }
}

export function firstEphemeralPort(): number {
  const { first } = ephemeralRange()
  return first > LOWEST + 1000 ? first : USUAL_FIRST_EPHEMERAL
}

export class PortClaims {
  private readonly held = new Map<number, Release>()

  get ports(): number[] {
    return [...this.held.keys()]
  }

  /** Claims these ports if none of them is claimed already; otherwise none. */
  async claimThese(ports: readonly number[]): Promise<boolean> {
    const claimed: number[] = []
    for (const port of ports) {
      if (!(await this.claim(port))) {
        for (const other of claimed) this.release(other)
        return false
      }
      claimed.push(port)
    }
    return true
  }

  /** Claims `count` unclaimed ports. Whether another program has bound one is found out when it is opened. */
  async claimAny(count: number): Promise<number[]> {
    const last = firstEphemeralPort() - 1
    const ports: number[] = []
    for (let attempt = 0; ports.length < count; attempt += 1) {
      if (attempt > 2000 + count * 20) {
        const hint = 'end clusters that are not needed (zk-pseudo ls), or use --base-port'
        throw new OperationError('NO_PORTS', `no ${count} free ports from ${LOWEST} to ${last}`, hint)
      }
      const port = randomInt(LOWEST, last + 1)
      if (await this.claim(port)) ports.push(port)
    }
    return ports
  }

  release(port: number): void {
    this.held.get(port)?.()
    this.held.delete(port)
  }

  releaseAll(): void {
    for (const port of this.ports) this.release(port)
  }

  private async claim(port: number): Promise<boolean> {
    if (this.held.has(port)) return false
    const release = await claim(`port-${port}`)
    if (release === null) return false
    this.held.set(port, release)
    return true
  }
}
