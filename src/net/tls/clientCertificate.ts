/** Who a TLS connection's certificate says it is, if it may be believed. */
import type { TLSSocket } from 'node:tls'
import { DerError } from './der.ts'
import { subjectOf } from './subject.ts'

/**
 * After the handshake. A certificate that is not trusted ends the connection even where none is needed, as it
 * does in Java; no certificate at all is no fault here, for whoever needs one has refused it already.
 */
export function verifiedSubject(socket: TLSSocket): { subject: string | null; fault: string | null } {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { subject: null, fault: null }
  if (!socket.authorized)
    return { subject: null, fault: `TLS: its certificate is not trusted: ${socket.authorizationError}` }
  try {
    return { subject: subjectOf(certificate.raw), fault: null }
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return { subject: null, fault: `TLS: its certificate cannot be read: ${error.message}` }
  }
}
