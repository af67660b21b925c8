/** The supervisor's expected trouble, by exit code. */
import { exitCodes, OperationError } from '../control/operationError.ts'

export function usageError(message: string, hint: string | null): OperationError {
  return new OperationError('USAGE', message, hint, exitCodes.usage)
}
