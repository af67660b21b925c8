/**
 * What a cluster that runs keeps on disk of itself. A disk that takes nothing (full, read-only) costs it
 * neither a member nor its end: what could not be written then is said once, and written as soon as it can
 * be.
 */
import { systemTrouble } from '../systemError.ts'

export class Records {
  private readonly due = new Map<string, () => void>()
  private readonly say: (line: string) => void

  /** @param say is told that a record cannot be written, and that it was written after all */
  constructor(say: (line: string) => void) {
    this.say = say
  }

  /** @param write as of the moment at which it is called, which may be later */
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

  /** Those that could not be written. */
  retry(): void {
    for (const [file, write] of [...this.due]) this.keep(file, write)
  }
}
