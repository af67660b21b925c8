/** Errors as the command line words them, and the word that was probably meant. */

export { nearest } from '../config/nearest.ts'
export { describe, exitCodes, OperationError, usageError } from '../control/operationError.ts'
export { errorText } from './format/error.ts'
