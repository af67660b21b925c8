/** Every scenario, in the order of the table. */
import type { Scenario } from '../scenario.ts'
import { catchUpBusy } from './catchUpBusy.ts'
import { catchUpDiff } from './catchUpDiff.ts'
import { catchUpLarge } from './catchUpLarge.ts'
import { catchUpLog } from './catchUpLog.ts'
import { catchUpObserver } from './catchUpObserver.ts'
import { catchUpSnap } from './catchUpSnap.ts'
import { catchUpTrunc } from './catchUpTrunc.ts'
import { clients } from './clients.ts'
import { coldStart } from './coldStart.ts'
import { containersAndTtl } from './containersAndTtl.ts'
import { digest } from './digest.ts'
import { digestMismatch } from './digestMismatch.ts'
import { digestPartly } from './digestPartly.ts'
import { leaderKilled } from './leaderKilled.ts'
import { memberPaused } from './memberPaused.ts'
import { multi } from './multi.ts'
import { observers } from './observers.ts'
import { permissions } from './permissions.ts'
import { powerCut } from './powerCut.ts'
import { quotas } from './quotas.ts'
import { reconfig } from './reconfig.ts'
import { sessionEnds } from './sessionEnds.ts'
import { sessionMoves } from './sessionMoves.ts'
import { turns } from './turns.ts'
import { watches } from './watches.ts'
import { wireOptionsMembership } from './wireOptionsMembership.ts'
import { wireOptionsNetwork } from './wireOptionsNetwork.ts'
import { wireOptionsSessions } from './wireOptionsSessions.ts'
import { wireOptionsStorage } from './wireOptionsStorage.ts'

export const scenarios: readonly Scenario[] = [
  coldStart,
  turns,
  observers,
  sessionMoves,
  sessionEnds,
  watches,
  multi,
  containersAndTtl,
  permissions,
  quotas,
  reconfig,
  leaderKilled,
  memberPaused,
  powerCut,
  clients,
  catchUpDiff,
  catchUpLog,
  catchUpSnap,
  catchUpTrunc,
  catchUpObserver,
  catchUpBusy,
  catchUpLarge,
  digest,
  digestPartly,
  digestMismatch,
  wireOptionsNetwork,
  wireOptionsStorage,
  wireOptionsSessions,
  wireOptionsMembership,
]
