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
