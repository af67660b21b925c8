/**
 * Rewrites zoo.cfg when the server list moves to a file of its own (QuorumPeerConfig.editStaticConfig). Pure.
 * Apache writes the settings anew in any order; here all other lines stay as they are, comments and blank
 * lines included.
 */
import { line } from '../text/line.ts'

const MEMBERSHIP = /^(server\.|group|weight|dynamicConfigFile$|peerType$)/
/** These keys would contradict the client part of the server line (QuorumPeerConfig.setupClientPort). */
const CLIENT_ADDRESS = /^(clientPort|clientPortAddress)$/

/** @param hasClientPart whether this member's line in the dynamic file has its client port */
export function withDynamicFile(text: string, dynamicFile: string, hasClientPart: boolean): string {
  const kept: string[] = []
  const lines = text.split(/\r\n|\r|\n/)
  for (let i = 0; i < lines.length; i++) {
    const from = i
    const key = keyOf(lines[i] as string)
    while (key !== null && isContinued(lines[i] as string) && i + 1 < lines.length) i += 1
    const isMoved = key !== null && (MEMBERSHIP.test(key) || (hasClientPart && CLIENT_ADDRESS.test(key)))
    if (!isMoved) kept.push(...lines.slice(from, i + 1))
  }
  while (kept.at(-1) === '') kept.pop()
  return `${[...kept, line('dynamicConfigFile', dynamicFile)].join('\n')}\n`
}

/** Null for comments and blank lines. */
function keyOf(text: string): string | null {
  return /^[ \t\f]*([^#!\s=:][^\s=:]*)/.exec(text)?.[1] ?? null
}

function isContinued(text: string): boolean {
  return ((/\\*$/.exec(text) as RegExpExecArray)[0].length & 1) === 1
}
