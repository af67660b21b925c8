/**
 * Member 2 as a learner of member 1, an empty database, and no world around it: whoever uses it says what the
 * leader says.
 */
import { expect } from 'vitest'
import { ClientService } from '../../../src/core/clients/clientService.ts'
import type { Effect } from '../../../src/core/effects.ts'
import type { EnsembleConfig } from '../../../src/core/membership/ensembleConfig.ts'
import { Membership } from '../../../src/core/membership/membership.ts'
import { Replica } from '../../../src/core/replica.ts'
import { Departure } from '../../../src/core/zab/departure.ts'
import { Learner } from '../../../src/core/zab/learner/learner.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { Database } from '../../../src/tree/database.ts'
import { memberSettings } from './settings.ts'

export const now = { monotonicMs: 0, wallMs: 1_700_000_000_000 }

export function loneLearner(config: EnsembleConfig, emit: (effect: Effect) => void = () => {}) {
  const database = Database.initial()
  const replica = new Replica({ database, recentTxns: [], acceptedEpoch: 1, currentEpoch: 1 }, 500, emit)
  const settings = memberSettings(2 as Sid, config, false)
  const membership = new Membership(2 as Sid, settings.membership, replica, emit)
  const clients = new ClientService(settings, replica, membership, emit)
  const { zab, requests } = settings
  const departure = new Departure()
  departure.leave = (reason) => expect.fail(reason)
  const context = { settings: zab, requests, membership, replica, clients, election: null, departure, emit }
  const learner = new Learner(context, 1 as Sid, 1, null, now)
  return { learner, replica }
}
