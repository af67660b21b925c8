/** What this process holds once all garbage is collected. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes. */
export function heapAfterGc(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
