/** /proc's line about a process or a thread (Linux, proc_pid_stat(5)). */
import { readFileSync } from 'node:fs'

/**
 * The fields behind the command's name, which may hold blanks: state first, start time at index 19; null when
 * it is gone.
 */
export function statFields(file: string): string[] | null {
  try {
    const text = readFileSync(file, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}
