/**
 * Errors for people: what went wrong, where, and what to do next. An OperationError is an expected failure (a
 * wrong word, a taken port, no running cluster), and a refusal of the system becomes one
 * (`operationErrorOf`). Every other error that reaches `describe` is a bug of ours and is reported as one.
 */
import { systemTrouble } from '../systemError.ts'
import type { ApiError } from './api.ts'

/** The exit codes of commands. */
export const exitCodes = { done: 0, failed: 1, usage: 2, noCluster: 3, timedOut: 4 } as const

export class OperationError extends Error {
  override name = 'OperationError'
  readonly code: string
  /** What to do next; several lines if need be. */
  readonly hint: string | null
  readonly exitCode: number

  constructor(
    code: string,
    message: string,
    hint: string | null = null,
    exitCode: number = exitCodes.failed,
  ) {
    super(message)
    this.code = code
    this.hint = hint
    this.exitCode = exitCode
  }
}

/** A port that cannot be bound. */
export class PortError extends OperationError {
  override name = 'PortError'
  readonly address: string
  readonly port: number

  constructor(code: string, message: string, hint: string, address: string, port: number) {
    super(code, message, hint)
    this.address = address
    this.port = port
  }
}

/** Wrong usage: exit code 2. */
export function usageError(message: string, hint: string | null = null): OperationError {
  return new OperationError('USAGE', message, hint, exitCodes.usage)
}

/**
 * What the system refused as an OperationError; every other error as it is.
 * @param where the path that it is about, where the system does not name one
 */
export function operationErrorOf(thrown: unknown, where: string | null = null): unknown {
  const trouble = systemTrouble(thrown, where)
  if (trouble === null) return thrown
  const error = new OperationError(trouble.code, trouble.message, trouble.hint)
  error.cause = thrown
  return error
}

/** Any thrown value as an ApiError. Errors with the shape of an OperationError keep their words. */
export function describe(cause: unknown): ApiError['error'] {
  const thrown = operationErrorOf(cause)
  if (thrown instanceof Error) {
    const { code, hint, exitCode } = thrown as Partial<OperationError>
    if (typeof exitCode === 'number') {
      return { code: code ?? 'FAILED', message: thrown.message, hint: hint ?? null, exitCode }
    }
    return {
      code: typeof code === 'string' ? code : 'INTERNAL',
      message: thrown.message || thrown.name,
      hint: 'this was not expected; run again with ZK_PSEUDO_DEBUG=1 to see where it happened',
      exitCode: exitCodes.failed,
    }
  }
  return { code: 'INTERNAL', message: String(thrown), hint: null, exitCode: exitCodes.failed }
}
