/** What a member does for and against its clients: who they are, how many, how fast, and TLS. */

import { type Problem, problem } from './problem.ts'
import { type Fields, fieldTexts, readFields } from './settings/fields.ts'
import type { Settings } from './settings/settings.ts'
import type { Entry } from './text/lexer.ts'

// biome-ignore format: a table is read by its columns
const AUTHENTICATION = {
  digestEnabled: ['boolean', 'DigestAuthenticationProvider.enabled'],
  /** The JAAS file; its section is `saslSection`. */
  jaasFile: ['text', 'java.security.auth.login.config'],
  saslSection: ['text', 'sasl.serverconfig'],
  saslSuperPassword: ['text', 'SASLAuthenticationProvider.superPassword'],
  superUser: ['text', 'superUser'],
  letAnySaslUserDoX: ['text', 'letAnySaslUserDoX'],
  x509SuperUser: ['text', 'X509AuthenticationProvider.superUser'],
  enforceAuth: ['boolean', 'enforce.auth.enabled'],
  enforcedSchemes: ['words', 'enforce.auth.schemes'],
  requireSasl: ['boolean', 'sessionRequireClientSASLAuth'],
  allowSaslFailedClients: ['boolean', 'allowSaslFailedClients'],
  removeHostFromPrincipal: ['boolean', 'kerberos.removeHostFromPrincipal'],
  removeRealmFromPrincipal: ['boolean', 'kerberos.removeRealmFromPrincipal'],
  eagerAclCheck: ['boolean', 'enableEagerACLCheck'],
} as const

// biome-ignore format: a table is read by its columns
const THROTTLE = {
  maxRequests: ['number', 'request_throttle_max_requests'],
  dropStale: ['boolean', 'request_throttle_drop_stale'],
  staleConnectionCheck: ['boolean', 'request_stale_connection_check'],
  staleLatencyCheck: ['boolean', 'request_stale_latency_check'],
  throttledOpWaitMs: ['number', 'throttled_op_wait_time'],
  largeRequestThreshold: ['number', 'largeRequestThreshold'],
  largeRequestMaxBytes: ['number', 'largeRequestMaxBytes'],
  connectionTokens: ['number', 'connection_throttle_tokens'],
  connectionFillTimeMs: ['number', 'connection_throttle_fill_time'],
  connectionFillCount: ['number', 'connection_throttle_fill_count'],
  connectionFreezeTimeMs: ['number', 'connection_throttle_freeze_time'],
  connectionDropIncrease: ['number', 'connection_throttle_drop_increase'],
  connectionDropDecrease: ['number', 'connection_throttle_drop_decrease'],
  connectionDecreaseRatio: ['number', 'connection_throttle_decrease_ratio'],
  connectionWeights: ['boolean', 'connection_throttle_weight_enabled'],
  globalSessionWeight: ['number', 'connection_throttle_global_session_weight'],
  localSessionWeight: ['number', 'connection_throttle_local_session_weight'],
  renewSessionWeight: ['number', 'connection_throttle_renew_session_weight'],
} as const

// biome-ignore format: a table is read by its columns
const TLS = {
  keyStoreLocation: ['text', 'ssl.keyStore.location'],
  keyStorePassword: ['text', 'ssl.keyStore.password'],
  keyStorePasswordPath: ['text', 'ssl.keyStore.passwordPath'],
  keyStoreType: ['text', 'ssl.keyStore.type'],
  trustStoreLocation: ['text', 'ssl.trustStore.location'],
  trustStorePassword: ['text', 'ssl.trustStore.password'],
  trustStorePasswordPath: ['text', 'ssl.trustStore.passwordPath'],
  trustStoreType: ['text', 'ssl.trustStore.type'],
  clientAuth: ['text', 'ssl.clientAuth'],
  protocol: ['text', 'ssl.protocol'],
  enabledProtocols: ['text', 'ssl.enabledProtocols'],
  cipherSuites: ['text', 'ssl.ciphersuites'],
} as const

export interface AuthenticationConfig extends Fields<typeof AUTHENTICATION> {
  /** Classes by key: `authProvider.N`. */
  providers: Record<string, string>
  /** Names by key: `superUser.N`. */
  moreSuperUsers: Record<string, string>
}
export type ThrottleConfig = Fields<typeof THROTTLE>
export interface SecureClientPort extends Fields<typeof TLS> {
  /** null: there is none, and nothing else here matters. */
  port: number | null
  /** null: as `clientPortAddress`. */
  address: string | null
}

export interface ClientPortConfig {
  authentication: AuthenticationConfig
  throttle: ThrottleConfig
  secureClientPort: SecureClientPort
}

export function readClientPort(settings: Settings, problems: Problem[]): ClientPortConfig {
  const secure = {
    port: settings.optionalNumber('secureClientPort'),
    address: settings.host('secureClientPortAddress'),
    ...readFields(TLS, settings),
  }
  const family = (prefix: string) => familyOf(settings, prefix)
  const providers = family('authProvider.')
  if (secure.port !== null)
    problems.push(...checkStores(secure, settings), ...checkAccess(secure, providers, settings))
  return {
    authentication: {
      ...readFields(AUTHENTICATION, settings),
      providers,
      moreSuperUsers: family('superUser.'),
    },
    throttle: readFields(THROTTLE, settings),
    secureClientPort: secure,
  }
}

/** Keys and values that read back as this. */
export function clientPortTexts(config: ClientPortConfig): [key: string, text: string][] {
  const { authentication, throttle, secureClientPort: secure } = config
  return [
    ...fieldTexts(AUTHENTICATION, authentication),
    ...Object.entries(authentication.providers),
    ...Object.entries(authentication.moreSuperUsers),
    ...fieldTexts(THROTTLE, throttle),
    ...(secure.port === null ? [] : [['secureClientPort', String(secure.port)] as [string, string]]),
    ...(secure.address === null ? [] : [['secureClientPortAddress', secure.address] as [string, string]]),
    ...fieldTexts(TLS, secure),
  ]
}

function familyOf(settings: Settings, prefix: string): Record<string, string> {
  const entries: Entry[] = settings.unread().filter(({ key }) => key.startsWith(prefix) && key !== prefix)
  return Object.fromEntries(entries.map(({ key }) => [key, settings.text(key) ?? '']))
}

const CLIENT_AUTH = ['none', 'want', 'need']
const STORES = [
  ['ssl.keyStore', 'keyStoreLocation', 'keyStoreType'],
  ['ssl.trustStore', 'trustStoreLocation', 'trustStoreType'],
] as const

function checkStores(secure: SecureClientPort, settings: Settings): Problem[] {
  const problems: Problem[] = []
  const { clientAuth } = secure
  if (clientAuth !== null && !CLIENT_AUTH.includes(clientAuth.toLowerCase())) {
    const message = `ssl.clientAuth: "${clientAuth}" is neither none nor want nor need`
    problems.push(problem('error', settings.at('ssl.clientAuth'), message, 'need is the default'))
  }
  for (const [prefix, location, type] of STORES) {
    const file = secure[location]
    if (file === null) continue
    const kind = storeType(file, secure[type])
    if (kind === 'PEM' || kind === 'PKCS12') continue
    const message = `${prefix}: ${file} is of type ${kind ?? '?'}, which cannot be read here`
    problems.push(problem('error', settings.at(`${prefix}.location`), message, conversionHint(file)))
  }
  if (secure.keyStoreLocation === null) {
    const message = 'secureClientPort needs a certificate, and ssl.keyStore.location is missing'
    problems.push(problem('error', settings.at('secureClientPort'), message, 'name a PEM or PKCS12 file'))
  }
  return problems
}

/** What Apache accepts, and nobody can connect to: certificates are asked for that none can use, or none can verify. */
function checkAccess(
  secure: SecureClientPort,
  providers: Readonly<Record<string, string>>,
  settings: Settings,
): Problem[] {
  if ((secure.clientAuth ?? 'need').toLowerCase() !== 'need') return []
  const warn = (lacks: string, remedy: string) => {
    const message = `no client can connect to secureClientPort: ssl.clientAuth is need, and ${lacks}`
    return problem(
      'warning',
      settings.at('secureClientPort'),
      message,
      `${remedy}, or set ssl.clientAuth=none`,
    )
  }
  const takesCertificates = Object.values(providers).includes(X509_PROVIDER)
  return [
    ...(takesCertificates
      ? []
      : [warn('no authProvider takes certificates', `add authProvider.x509=${X509_PROVIDER}`)]),
    ...(secure.trustStoreLocation === null
      ? [warn('ssl.trustStore.location is missing', 'name a file with certificates of those who sign them')]
      : []),
  ]
}

const X509_PROVIDER = 'org.apache.zookeeper.server.auth.X509AuthenticationProvider'

/** KeyStoreFileType: what is written, else by the file's name; null for neither. */
export function storeType(file: string, type: string | null): string | null {
  if (type !== null) return type.toUpperCase()
  const byName: Readonly<Record<string, string>> = { pem: 'PEM', p12: 'PKCS12', jks: 'JKS', bcfks: 'BCFKS' }
  return byName[file.split('.').at(-1)?.toLowerCase() ?? ''] ?? null
}

function conversionHint(file: string): string {
  const target = `${file.replace(/\.[^./]*$/, '')}.p12`
  return `give a PEM or PKCS12 file; convert with keytool -importkeystore -srckeystore ${file} -destkeystore ${target} -deststoretype PKCS12`
}
