/**
 * Checks the client port with TLS for key stores that cannot be read, and for what keeps all clients out.
 * Pure.
 */
import { type Problem, problem } from '../problem.ts'
import type { ServerConfig } from '../serverConfig.ts'
import type { Settings } from '../settings/settings.ts'

type Parts = Pick<ServerConfig, 'secureClientPort' | 'authentication'>

export function checkSecureClientPort(config: Parts, settings: Settings): Problem[] {
  if (config.secureClientPort.port === null) return []
  return [...checkStores(config, settings), ...checkAccess(config, settings)]
}

const CLIENT_AUTH = ['none', 'want', 'need']
const STORES = [
  ['ssl.keyStore', 'keyStoreLocation', 'keyStoreType'],
  ['ssl.trustStore', 'trustStoreLocation', 'trustStoreType'],
] as const

function checkStores({ secureClientPort: secure }: Parts, settings: Settings): Problem[] {
  const problems: Problem[] = []
  const { clientAuth } = secure
  if (!CLIENT_AUTH.includes(clientAuth.toLowerCase())) {
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

/**
 * Apache accepts settings with which no client can connect: a required certificate that none uses or
 * verifies.
 */
function checkAccess({ secureClientPort, authentication }: Parts, settings: Settings): Problem[] {
  if (secureClientPort.clientAuth.toLowerCase() !== 'need') return []
  const warn = (lacks: string, remedy: string) => {
    const message = `no client can connect to secureClientPort: ssl.clientAuth is need, and ${lacks}`
    return problem(
      'warning',
      settings.at('secureClientPort'),
      message,
      `${remedy}, or set ssl.clientAuth=none`,
    )
  }
  const takesCertificates = Object.values(authentication.providers).includes(X509_PROVIDER)
  return [
    ...(takesCertificates
      ? []
      : [warn('no authProvider takes certificates', `add authProvider.x509=${X509_PROVIDER}`)]),
    ...(secureClientPort.trustStoreLocation === null
      ? [warn('ssl.trustStore.location is missing', 'name a file with certificates of those who sign them')]
      : []),
  ]
}

const X509_PROVIDER = 'org.apache.zookeeper.server.auth.X509AuthenticationProvider'

/** The configured type, else the type by the ending of the name; null for neither (KeyStoreFileType). */
export function storeType(file: string, type: string | null): string | null {
  if (type !== null) return type.toUpperCase()
  const byName: Readonly<Record<string, string>> = { pem: 'PEM', p12: 'PKCS12', jks: 'JKS', bcfks: 'BCFKS' }
  return byName[file.split('.').at(-1)?.toLowerCase() ?? ''] ?? null
}

function conversionHint(file: string): string {
  const target = `${file.replace(/\.[^./]*$/, '')}.p12`
  return `give a PEM or PKCS12 file; convert with keytool -importkeystore -srckeystore ${file} -destkeystore ${target} -deststoretype PKCS12`
}
