/** Numbers and lists as people read them. */

/** `0x100000009`, as Apache prints it. */
export function zxidText(zxid: number): string {
  return `0x${zxid.toString(16)}`
}

/** Milliseconds as `38 ms`, `1.2 s`, `5 min`, `3 h`, `2 days`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`
  if (ms < 120 * 60_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 48 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} days`
}

/** `0`, `0 and 1`, `0, 1 and 2`. */
export function listText(items: readonly (string | number)[]): string {
  if (items.length <= 1) return items.join('')
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`
}

/** `0`, `0 or 1`, `0, 1 or 2`. */
export function orText(items: readonly (string | number)[]): string {
  if (items.length <= 1) return items.join('')
  return `${items.slice(0, -1).join(', ')} or ${items[items.length - 1]}`
}

/** `member 2`, `members 0 and 1`. */
export function membersText(ids: readonly number[]): string {
  return `${ids.length === 1 ? 'member' : 'members'} ${listText(ids)}`
}

/** `1 session`, `3 sessions`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Local wall time, `14:03:07.123`. */
export function clockText(at: number): string {
  const date = new Date(at)
  const two = (n: number): string => String(n).padStart(2, '0')
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}

/** Local date and time, `2026-12-01 14:03:07`. */
export function momentText(at: number): string {
  const date = new Date(at)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockText(at).slice(0, 8)}`
}
