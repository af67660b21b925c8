/**
 * One line on a terminal that says what is being waited for, redrawn in place and gone at the end. Short
 * waits show nothing; a pipe shows nothing.
 */
import type { ClusterInfo } from '../api/api.ts'
import type { Output } from './output.ts'

const firstAfterMs = 200
const everyMs = 100
const eraseLine = '\r\u001b[2K'

/**
 * Runs `work`, drawing `what` and the members' states meanwhile. `look` reads the cluster; its failures do
 * not end the wait.
 */
export async function withProgress<T>(
  output: Output,
  what: string,
  look: (() => Promise<ClusterInfo>) | null,
  work: Promise<T>,
): Promise<T> {
  if (!output.interactive) return work
  const begun = performance.now()
  let states = ''
  let looking = false
  let drawn = false
  const draw = (): void => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    const room = (process.stderr.columns ?? 80) - 1
    const tail = `  ${seconds} s`
    const text = shortened(`${what}${states === '' ? '' : `: ${states}`}`, room - tail.length)
    output.raw(eraseLine + text + tail)
    drawn = true
    if (looking || look === null) return
    looking = true
    look()
      .then((cluster) => {
        states = statesText(cluster)
      })
      .catch(() => {})
      .finally(() => {
        looking = false
      })
  }
  let repeat: NodeJS.Timeout | undefined
  const first = setTimeout(() => {
    draw()
    repeat = setInterval(draw, everyMs)
  }, firstAfterMs)
  try {
    return await work
  } finally {
    clearTimeout(first)
    clearInterval(repeat)
    if (drawn) output.raw(eraseLine)
  }
}

function shortened(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`
}

/** `0 looking, 1 follower, 2 killed`: what each member is now. */
export function statesText(cluster: ClusterInfo): string {
  return cluster.members
    .map((member) => {
      const doing = member.state === 'running' ? (member.role ?? 'starting') : member.state
      return `${member.id} ${doing}`
    })
    .join(', ')
}
