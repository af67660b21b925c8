/**
 * The records that a running cluster keeps of itself on disk. A disk that accepts no writes (full, read-only)
 * neither costs it a member nor prevents its shutdown: a record that could not be written is reported once,
 * and written as soon as possible.
 */
import { systemTrouble } from '../systemError.ts'

export class Records {
  private readonly due = new Map<string, () => void>()
  private readonly say: (line: string) => void

  /** @param say is called when a record cannot be written, and again when it has been written after all */
  constructor(say: (line: string) => void) {
    this.say = say
  }

  /** @param write writes the record as of the moment when it is called, which may be later */
  keep(file: string, write: () => void): void {
    try {
      write()
      if (this.due.delete(file)) this.say(`${file} is up to date again`)
    } catch (error) {
      const { message, hint } = systemTrouble(error, file) ?? { message: (error as Error).message, hint: '' }
      if (!this.due.has(file)) this.say(`${message}; the cluster goes on. ${hint}`.trimEnd())
      this.due.set(file, write)
    }
  }

  /** Retries the records that could not be written. */
  retry(): void {
    for (const [file, write] of [...this.due]) this.keep(file, write)
  }
}
