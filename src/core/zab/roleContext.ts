/** What every role of a member works with, from the start of the member to its end. */
import type { ClientService } from '../clients/clientService.ts'
import type { RequestOptions } from '../clients/options.ts'
import type { SendEffect } from '../effects.ts'
import type { Election } from '../election/election.ts'
import type { Membership } from '../membership/membership.ts'
import type { Replica } from '../replica.ts'
import type { Departure } from './departure.ts'
import type { ZabSettings } from './settings.ts'

export interface RoleContext {
  readonly settings: ZabSettings
  /** What clients' requests depend on. */
  readonly requests: RequestOptions
  readonly membership: Membership
  readonly replica: Replica
  readonly clients: ClientService
  /** Null standalone. */
  readonly election: Election | null
  readonly departure: Departure
  readonly emit: (effect: SendEffect) => void
}
