/**
 * The part of a member's configuration that concerns authentication. It contains passwords, so it is made at
 * the start and not kept.
 */

/** A provider that `authProvider.N` can add; the values are its class in Apache. */
export const PROVIDER_CLASSES = {
  digest: 'org.apache.zookeeper.server.auth.DigestAuthenticationProvider',
  ip: 'org.apache.zookeeper.server.auth.IPAuthenticationProvider',
  sasl: 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
  x509: 'org.apache.zookeeper.server.auth.X509AuthenticationProvider',
} as const
export type ProviderName = keyof typeof PROVIDER_CLASSES

export interface SaslOptions {
  /** Passwords by user: the `user_` options of the JAAS file. */
  readonly users: ReadonlyMap<string, string>
  /** SASLAuthenticationProvider.superPassword: the password of the user `super`; null when it has its own. */
  readonly superPassword: string | null
  /** kerberos.removeHostFromPrincipal, kerberos.removeRealmFromPrincipal. */
  readonly removesHost: boolean
  readonly removesRealm: boolean
}

export interface AuthenticationOptions {
  /** DigestAuthenticationProvider.enabled. */
  readonly isDigestEnabled: boolean
  /** A hash that node:crypto knows. */
  readonly digestAlgorithm: string
  /** `super:hash`; null when there is no super user. */
  readonly superDigest: string | null
  /** Providers in addition to ip and digest. */
  readonly extraProviders: readonly ProviderName[]
  /** null: SASL tokens are answered with nothing, as Apache does without a JAAS file. */
  readonly sasl: SaslOptions | null
  /** SASL users that count as `super`: superUser and superUser.* */
  readonly superUsers: readonly string[]
  /** The sasl id that stands for every SASL user in an ACL. */
  readonly letAnySaslUserDoX: string | null
  readonly x509SuperUser: string | null
  /**
   * enforce.auth.schemes: a client that has proven an id of none of them is answered -124, and its connection
   * is closed. Empty: nothing is enforced.
   */
  readonly enforcedSchemes: readonly string[]
  /** allowSaslFailedClients: a failed SASL exchange does not end the connection. */
  readonly allowsSaslFailures: boolean
  /** enableEagerACLCheck. */
  readonly checksAclEagerly: boolean
}

export const DEFAULT_AUTHENTICATION: AuthenticationOptions = {
  isDigestEnabled: true,
  digestAlgorithm: 'sha1',
  superDigest: null,
  extraProviders: [],
  sasl: null,
  superUsers: [],
  letAnySaslUserDoX: null,
  x509SuperUser: null,
  enforcedSchemes: [],
  allowsSaslFailures: false,
  checksAclEagerly: false,
}
