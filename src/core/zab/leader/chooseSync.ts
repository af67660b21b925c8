/**
 * How a leader brings a learner to its own history: the cases of LearnerHandler.syncFollower as one pure
 * decision. SNAP is always right; DIFF and TRUNC are chosen only where the learner's history is known to be a
 * prefix of the leader's, or to become one by cutting.
 */
import { counterOf, epochOf, type Zxid } from '../../../protocol/zxid.ts'
import type { History } from '../../history.ts'

type SyncPlan =
  /** The learner holds a prefix of our history: send what follows `from`. */
  | { mode: 'DIFF'; from: Zxid }
  /** The learner holds transactions we do not know: it cuts back to `to`, then gets what follows. */
  | { mode: 'TRUNC'; to: Zxid }
  | { mode: 'SNAP' }

export function chooseSync(peerLastZxid: Zxid, history: History): SyncPlan {
  const last = history.last
  if (peerLastZxid === last) return { mode: 'DIFF', from: last }

  // Counter 0 belongs to no transaction: an Apache member that followed or led an established epoch reports
  // it before the epoch's first transaction. It then holds that epoch's initial history, a prefix of ours.
  const isEpochMark = counterOf(peerLastZxid) === 0
  if (peerLastZxid > last) return isEpochMark ? { mode: 'SNAP' } : { mode: 'TRUNC', to: last }

  const known = history.atOrBefore(peerLastZxid)
  if (known === null) return { mode: 'SNAP' }
  if (known === peerLastZxid || isEpochMark) return { mode: 'DIFF', from: known }

  // An unknown zxid between two known ones. Apache's learners refuse to cut across the end of an epoch, so
  // they are cut only where our next transaction is of the unknown one's epoch.
  const next = history.after(peerLastZxid)[0]
  if (next === undefined || epochOf(next.zxid) !== epochOf(peerLastZxid)) return { mode: 'SNAP' }
  return { mode: 'TRUNC', to: known }
}
