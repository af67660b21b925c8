/** Makes the options of node:tls from Apache's settings for TLS (X509Util, SSLContextAndOptions). */
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions, type SecureVersion, type TlsOptions } from 'node:tls'
import { certificatesOf } from './pkcs12.ts'

/** The settings as they are in zoo.cfg under `ssl.`; null for those that are not set. */
export interface TlsSettings {
  readonly keyStoreLocation: string | null
  readonly keyStorePassword: string | null
  readonly keyStorePasswordPath: string | null
  readonly trustStoreLocation: string | null
  readonly trustStorePassword: string | null
  readonly trustStorePasswordPath: string | null
  /** `PEM` or `PKCS12`. */
  readonly keyStoreKind: string
  readonly trustStoreKind: string
  /** `none`, `want` or `need`, in upper or lower case. */
  readonly clientAuth: string | null
  readonly protocol: string | null
  readonly enabledProtocols: string | null
  readonly cipherSuites: string | null
}

/** Says which setting or file cannot be used, and why. */
class TlsSettingsError extends Error {
  override name = 'TlsSettingsError'
}

/** The cipher suites of X509Util.getDefaultCipherSuites on a recent Java. */
const DEFAULT_CIPHERS = (
  'ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ' +
  'ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256 ECDHE-ECDSA-AES128-SHA ' +
  'ECDHE-RSA-AES128-SHA ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES256-SHA384 ECDHE-ECDSA-AES256-SHA ' +
  'ECDHE-RSA-AES256-SHA'
).split(' ')
const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

/** The options of a tls.Server. @throws TlsSettingsError */
export function tlsOptions(settings: TlsSettings): TlsOptions {
  const clientAuth = (settings.clientAuth ?? 'need').toLowerCase()
  const options = {
    ...versions(settings),
    ciphers: (settings.cipherSuites?.split(',').map(opensslName) ?? DEFAULT_CIPHERS).join(':'),
    honorCipherOrder: true,
    ...ownCertificate(settings),
    ...trusted(settings),
  }
  attempt('ssl.keyStore', settings.keyStoreLocation, () => createSecureContext(options))
  return { ...options, requestCert: clientAuth !== 'none', rejectUnauthorized: clientAuth === 'need' }
}

/** Only one protocol is enabled unless several are named (SSLContextAndOptions.getEnabledProtocols). */
function versions({
  protocol,
  enabledProtocols,
}: TlsSettings): Pick<TlsOptions, 'minVersion' | 'maxVersion'> {
  const named = (enabledProtocols ?? protocol ?? 'TLSv1.2').split(',').map((name) => name.trim())
  const known = VERSIONS.filter((version) => named.includes(version))
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined)
    throw new TlsSettingsError(`ssl.enabledProtocols: ${named.join(',')} are none of ${VERSIONS.join(', ')}`)
  return { minVersion: first satisfies SecureVersion, maxVersion: last satisfies SecureVersion }
}

function ownCertificate(settings: TlsSettings): SecureContextOptions {
  const { keyStoreLocation: file, keyStoreKind, keyStorePassword, keyStorePasswordPath } = settings
  const passphrase = passwordOf(keyStorePassword, keyStorePasswordPath, 'ssl.keyStore.passwordPath')
  const bytes = readStore('ssl.keyStore', file)
  if (keyStoreKind === 'PKCS12') return { pfx: bytes, passphrase }
  return { key: bytes, cert: bytes, passphrase }
}

/** Without a trust store, no client certificate can be trusted. */
function trusted(settings: TlsSettings): SecureContextOptions {
  const { trustStoreLocation: file, trustStoreKind, trustStorePassword, trustStorePasswordPath } = settings
  if (file === null) return { ca: [] }
  const bytes = readStore('ssl.trustStore', file)
  if (trustStoreKind === 'PEM') return { ca: bytes }
  const password = passwordOf(trustStorePassword, trustStorePasswordPath, 'ssl.trustStore.passwordPath')
  const certificates = attempt('ssl.trustStore', file, () => certificatesOf(bytes, password))
  return { ca: certificates.map(pem) }
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function readStore(what: string, file: string | null): Buffer {
  if (file === null) throw new TlsSettingsError(`${what}.location is missing`)
  return attempt(what, file, () => readFileSync(file))
}

function passwordOf(password: string | null, path: string | null, key: string): string {
  if (path === null) return password ?? ''
  return attempt(key, path, () => readFileSync(path, 'utf8')).replace(/[\r\n]+$/, '')
}

function attempt<T>(what: string, file: string | null, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TlsSettingsError(`${what}: ${file} cannot be used: ${reason}`)
  }
}

/**
 * The name that OpenSSL has for a cipher suite: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is
 * ECDHE-RSA-AES128-GCM-SHA256. The cipher suites of TLS 1.3 keep their names.
 */
export function opensslName(javaName: string): string {
  const name = javaName.trim()
  const match = /^(?:TLS|SSL)_(.+)_WITH_(.+)$/.exec(name)
  if (match === null) return name
  const exchange = (match[1] ?? '').replaceAll('_', '-')
  const cipher = (match[2] ?? '').replace(/^(AES|CAMELLIA)_(\d+)/, '$1$2').replace(/_CBC/, '')
  return `${exchange === 'RSA' ? '' : `${exchange}-`}${cipher.replaceAll('_', '-')}`
}
