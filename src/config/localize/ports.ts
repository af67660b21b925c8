/**
 * The ports of many hosts on one host. Pure.
 *
 * The first member that asks for a port keeps it. The others count up from it by 1, or by 10, 100 or 1000
 * where that would lead to ports that others asked for: 2181, 2182, 2183, or 2888, 2898, 2908 beside 2889.
 * All use the same step, so that a person sees which member a port belongs to. A port that only one member
 * asked for is kept.
 */

export interface PortWish {
  sid: number
  /** `clientPort`, `quorum port`, …: ports of one kind are counted up together. */
  kind: string
  port: number
}

interface SpreadPorts {
  /** The port of each wish, in the order of the wishes. */
  ports: number[]
  /** The step by which ports were counted up; null when none had to move. */
  step: number | null
}

const STEPS = [1, 10, 100, 1000]
const MOST = 65_535
/** Lower ports are reserved for the system. */
const LEAST = 1024

export function spreadPorts(wishes: readonly PortWish[]): SpreadPorts {
  const owners = new Map<number, number>()
  for (const [index, { port }] of wishes.entries()) if (!owners.has(port)) owners.set(port, index)
  if (owners.size === wishes.length) return { ports: wishes.map(({ port }) => port), step: null }
  for (const step of STEPS) {
    const ports = countedOn(wishes, owners, step)
    if (ports !== null) return { ports, step }
  }
  return { ports: nextFree(wishes, owners), step: 1 }
}

/** Null when counting up leads to a port that another wish names or was given. */
function countedOn(
  wishes: readonly PortWish[],
  owners: ReadonlyMap<number, number>,
  step: number,
): number[] | null {
  const taken = new Set(owners.keys())
  const counts = new Map<string, number>()
  const ports: number[] = []
  for (const [index, { kind, port }] of wishes.entries()) {
    if (owners.get(port) === index) {
      ports.push(port)
      continue
    }
    const series = `${kind} ${port}`
    const count = (counts.get(series) ?? 0) + 1
    counts.set(series, count)
    const next = port + count * step
    if (next > MOST || taken.has(next)) return null
    taken.add(next)
    ports.push(next)
  }
  return ports
}

function nextFree(wishes: readonly PortWish[], owners: ReadonlyMap<number, number>): number[] {
  const taken = new Set(owners.keys())
  return wishes.map(({ port }, index) => {
    if (owners.get(port) === index) return port
    let next = port
    while (taken.has(next)) next = next === MOST ? LEAST : next + 1
    taken.add(next)
    return next
  })
}
