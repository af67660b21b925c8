/** Whom a TLS connection's certificate names, if the certificate can be trusted. */
import type { TLSSocket } from 'node:tls'
import { DerError } from './der.ts'
import { subjectOf } from './subject.ts'

/**
 * Must be called after the handshake. An untrusted certificate is a fault even where none is required, as in
 * Java. The absence of a certificate is not a fault here: where one is required, the handshake has failed.
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
