/**
 * Apache ZooKeeper cannot be run here. The error says what was looked for, where, and what to do. It has the
 * shape of an OperationError.
 */
export class ApacheError extends Error {
  override name = 'ApacheError'
  readonly code: 'NO_APACHE' | 'APACHE_TOO_OLD' | 'NO_JAVA' | 'JAVA_TOO_OLD' | 'NOT_FOR_APACHE'
  /** What to do next. */
  readonly hint: string
  readonly exitCode: number

  constructor(code: ApacheError['code'], message: string, hint: string, exitCode = 1) {
    super(message)
    this.code = code
    this.hint = hint
    this.exitCode = exitCode
  }
}
