/** What Zab needs to know of the configuration; times in ms, limits in ticks as in zoo.cfg. */
import type { Sid } from '../../protocol/ids.ts'
import type { ContainerOptions } from '../writes/containers.ts'

export interface ZabSettings {
  readonly sid: Sid
  readonly tickTimeMs: number
  readonly initLimit: number
  readonly syncLimit: number
  /** Apache's defaults unless given. */
  readonly containers?: ContainerOptions
}

/**
 * How a role ends, saying why: the member goes back to the election, or right into the part that
 * `designated`, named by the old leader with a reconfig, gives it.
 */
export type StepDown = (reason: string, designated?: Sid | null) => void
