import { ownAddress } from '../recording/addresses.ts'

/**
 * Names for what differs between runs: sessions by the order in which they appeared, server lines by their
 * ids.
 */
export class Names {
  private readonly sessions = new Map<bigint, string>()
  /** `zoo-1:14711:14712` by sid: the text that a server line should have. */
  private readonly addresses: ReadonlyMap<number, string>

  constructor(addresses: ReadonlyMap<number, string>) {
    this.addresses = addresses
  }

  /** `session A`, `session B`, … */
  session(id: bigint): string {
    if (id === 0n) return 'no session'
    const known = this.sessions.get(id)
    if (known !== undefined) return known
    const name = `session ${String.fromCharCode(65 + this.sessions.size)}`
    this.sessions.set(id, name)
    return name
  }

  /** `config 0 of 1 2 3 4:observer`; a line with anything unexpected is shown in full. */
  config(text: string): string {
    const lines = text.split('\n')
    const version = /^version=([0-9a-f]+)$/.exec(lines.at(-1) ?? '')?.[1] ?? '(none)'
    const servers = lines.filter((line) => !line.startsWith('version=')).map((line) => this.server(line))
    return `config ${version} of ${servers.join(' ')}`
  }

  private server(line: string): string {
    const found = /^server\.(\d+)=([^:]+:\d+:\d+):(\w+)(;127\.0\.0\.1:\d+)?$/.exec(line)
    const [, sid = '', address, role, client] = found ?? []
    if (address === undefined || this.addresses.get(Number(sid)) !== address) return `"${line}"`
    return `${sid}${role === 'participant' ? '' : `:${role}`}${client === undefined ? '' : ';client'}`
  }

  address(host: string, port: number): string {
    for (const [sid, address] of this.addresses) {
      const [name, , election] = address.split(':')
      if (Number(election) !== port) continue
      if (host === name) return `the election address of ${sid} by name`
      if (host === ownAddress(sid)) return `the election address of ${sid} by number`
    }
    return `${host}:${port}`
  }
}
