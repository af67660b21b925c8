/**
 * The messages between a host and its member, which cross a MessagePort or a process's IPC channel as plain
 * data.
 */
import type { ServerConfig } from '../config/serverConfig.ts'
import type { MemberStatus, StampedMemberEvent } from './host.ts'

export type ToMember =
  | { kind: 'open'; config: ServerConfig }
  | { kind: 'run' }
  | { kind: 'status'; question: number }
  | { kind: 'pause' }
  | { kind: 'stop' }

/** An error in the form in which it is sent, with the fields of a system error or an OperationError. */
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
  /** The entry file is loaded and receives messages. */
  | { kind: 'ready' }
  | { kind: 'opened' }
  | { kind: 'refused'; error: PortableError }
  | { kind: 'events'; events: StampedMemberEvent[] }
  | { kind: 'status'; question: number; status: MemberStatus }
  /** Everything is closed, and no further message follows. */
  | { kind: 'ended'; exit: { kind: 'stopped' } | { kind: 'crashed'; code: string; reason: string } }

export function portable(error: unknown): PortableError {
  const given = error as Partial<PortableError>
  const copy: PortableError = { message: given.message ?? String(error) }
  const fields = ['code', 'syscall', 'path', 'port', 'address', 'hint', 'exitCode'] as const
  for (const field of fields) {
    if (given[field] !== undefined) Object.assign(copy, { [field]: given[field] })
  }
  return copy
}
