/** What an auth packet proves (AuthenticationProvider.handleAuthentication). */
import type { Id } from '../../protocol/records/data.ts'
import { digestId } from '../../tree/acl.ts'
import type { Client } from './client.ts'
import type { RequestOptions } from './options.ts'

/** The ids that are now the connection's; null when the scheme is unknown or the proof fails. */
export function authenticate(
  scheme: string,
  auth: Buffer | null,
  client: Client,
  options: RequestOptions,
): Id[] | null {
  switch (scheme) {
    case 'ip':
      return [{ scheme: 'ip', id: client.address }]
    case 'digest': {
      const credentials = auth?.toString('utf8') ?? ''
      const id = digestId(credentials)
      const ids = [{ scheme: 'digest', id }]
      return id === options.superDigest ? [{ scheme: 'super', id: '' }, ...ids] : ids
    }
    default:
      return null
  }
}
