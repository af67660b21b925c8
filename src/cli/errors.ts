/** Errors as the command line words them, and the word that was probably meant. */

export { describe, exitCodes, OperationError, usageError } from '../api/operationError.ts'
export { nearest } from '../config/nearest.ts'
export { errorText } from './format/error.ts'
