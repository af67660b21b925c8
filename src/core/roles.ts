/** What a member is at the moment, and how each role handles the inputs that all roles share. */
import type { Sid } from '../protocol/ids.ts'
import type { Epoch, Zxid } from '../protocol/zxid.ts'
import type { DialId, Now } from './effects.ts'
import type { Role } from './events.ts'
import type { Request } from './request.ts'
import type { Leader } from './zab/leader/leader.ts'
import type { Learner } from './zab/learner/learner.ts'
import type { Standalone } from './zab/standalone.ts'

export type ActiveRole =
  /** Waits for the disk, then for the election's outcome. */
  | { name: 'looking'; isElecting: boolean }
  | { name: 'leading'; leader: Leader }
  | { name: 'learning'; learner: Learner; dial: DialId }
  | { name: 'standalone'; standalone: Standalone }

export interface PeerStatus {
  readonly role: Role
  readonly leader: Sid | null
  readonly epoch: Epoch
  readonly zxid: Zxid
  readonly serving: boolean
  /** It has no leader, and serves clients that accept read-only service. */
  readonly readOnly: boolean
}

/** The role's part of the status. */
export function roleStatus(
  role: ActiveRole,
  own: Sid,
  isObserver: boolean,
): Pick<PeerStatus, 'role' | 'leader' | 'serving'> {
  switch (role.name) {
    case 'leading':
      return { role: 'leader', leader: own, serving: role.leader.isServing }
    case 'learning': {
      const { leader, isServing } = role.learner
      return { role: isObserver ? 'observer' : 'follower', leader, serving: isServing }
    }
    case 'standalone':
      return { role: 'standalone', leader: null, serving: true }
    default:
      return { role: 'looking', leader: null, serving: false }
  }
}

/** When the role wants to be ticked next, monotonic ms; Infinity where only the election does. */
export function roleDeadlineMs(role: ActiveRole): number {
  switch (role.name) {
    case 'leading':
      return role.leader.nextDeadlineMs
    case 'learning':
      return role.learner.nextDeadlineMs
    case 'standalone':
      return role.standalone.nextDeadlineMs
    default:
      return Number.POSITIVE_INFINITY
  }
}

export function tickRole(role: ActiveRole, now: Now): void {
  if (role.name === 'leading') role.leader.tick(now)
  else if (role.name === 'learning') role.learner.tick(now)
  else if (role.name === 'standalone') role.standalone.tick(now)
}

/** More disk effects are durable. */
export function tellDurable(role: ActiveRole, now: Now): void {
  if (role.name === 'leading') role.leader.durable(now)
  else if (role.name === 'learning') role.learner.durable()
  else if (role.name === 'standalone') role.standalone.durable(now)
}

/** A member that looks for a leader submits nothing: its clients' connections were closed. */
export function submitTo(role: ActiveRole, request: Request, now: Now): void {
  if (role.name === 'leading') role.leader.submit(request, now)
  else if (role.name === 'learning') role.learner.submit(request)
  else if (role.name === 'standalone') role.standalone.submit(request, now)
}
