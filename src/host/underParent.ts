/**
 * A child that the kernel ends with its parent, however that died: on Linux by prctl PR_SET_PDEATHSIG, which
 * util-linux's setpriv sets before it becomes the child's program, keeping the pid.
 */
import { existsSync } from 'node:fs'

const SETPRIV = '/usr/bin/setpriv'

/** The command line to spawn. */
export function endWithParent(program: string, args: readonly string[]): [string, ...string[]] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', program, ...args] : [program, ...args]
}
