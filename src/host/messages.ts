/**
 * What a host and its member say to each other, over a MessagePort or a process's IPC channel: plain data.
 */
import type { ServerConfig } from '../config/serverConfig.ts'
import type { MemberStatus, StampedMemberEvent } from './host.ts'

export type ToMember =
  | { kind: 'open'; config: ServerConfig }
  | { kind: 'run' }
  | { kind: 'status'; question: number }
  | { kind: 'pause' }
  | { kind: 'stop' }

/** An error as it crosses, with what the system said of it, or what an OperationError has. */
export interface PortableError {
  message: string
  code?: string
  syscall?: string
  path?: string
  port?: number
  address?: string
  hint?: string
  exitCode?: number
}

export type FromMember =
  /** The entry is loaded and listens to what it is told. */
  | { kind: 'ready' }
  | { kind: 'opened' }
  | { kind: 'refused'; error: PortableError }
  | { kind: 'events'; events: StampedMemberEvent[] }
  | { kind: 'status'; question: number; status: MemberStatus }
  /** Everything is closed; nothing follows. */
  | { kind: 'ended'; exit: { kind: 'stopped' } | { kind: 'crashed'; code: string; reason: string } }

export function portable(error: unknown): PortableError {
  const given = error as Partial<PortableError>
  const told: PortableError = { message: given.message ?? String(error) }
  const fields = ['code', 'syscall', 'path', 'port', 'address', 'hint', 'exitCode'] as const
  for (const field of fields) {
    if (given[field] !== undefined) Object.assign(told, { [field]: given[field] })
  }
  return told
}
