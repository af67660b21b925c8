/**
 * From a member's zoo.cfg to the core's options of authentication. The JAAS file is read here, because its
 * passwords belong in the member alone, not in the configuration, which is shown and sent to other processes.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { JaasError, jaasUsers } from '../config/jaas.ts'
import { formatLocation } from '../config/problem.ts'
import { isDistributed, originOf, type ServerConfig } from '../config/serverConfig.ts'
import {
  type AuthenticationOptions,
  PROVIDER_CLASSES,
  type ProviderName,
  type SaslOptions,
} from '../core/auth/options.ts'
import { providersOf } from '../core/auth/providers.ts'
import type { RequestOptions } from '../core/clients/options.ts'
import { StartError } from './exit.ts'

/** @throws StartError */
export function clientOptions(
  config: ServerConfig,
): Required<Pick<RequestOptions, 'authentication' | 'randomBytes' | 'random'>> {
  const authentication = authenticationOptions(config)
  try {
    providersOf(authentication)
  } catch (error) {
    throw new StartError(`${at(config, 'enforce.auth.schemes')}: ${messageOf(error)}`)
  }
  return { authentication, randomBytes, random: Math.random }
}

function authenticationOptions(config: ServerConfig): AuthenticationOptions {
  const { authentication: auth } = config
  return {
    isDigestEnabled: auth.digestEnabled,
    digestAlgorithm: digestAlgorithm(config),
    superDigest: auth.superDigest,
    extraProviders: Object.entries(auth.providers).map(([key, name]) => providerOf(config, key, name)),
    sasl: saslOptions(config),
    superUsers: [auth.superUser ?? '', ...Object.values(auth.moreSuperUsers)].filter((name) => name !== ''),
    letAnySaslUserDoX: auth.letAnySaslUserDoX,
    x509SuperUser: auth.x509SuperUser,
    enforcedSchemes: enforcedSchemes(config),
    allowsSaslFailures: auth.allowSaslFailedClients,
    // A standalone server has no leader to relieve (LeaderRequestProcessor, FollowerRequestProcessor).
    checksAclEagerly: auth.eagerAclCheck && isDistributed(config),
  }
}

/** Java's names of hashes differ from Node's in their hyphens: SHA1, SHA-256, SHA3-256, SHA-512/256. */
function digestAlgorithm(config: ServerConfig): string {
  const { digestAlg } = config.authentication
  const name = digestAlg.toLowerCase().replace('/', '-')
  const algorithm = name === 'sha' ? 'sha1' : name.replace(/^sha-/, 'sha')
  try {
    createHash(algorithm)
    return algorithm
  } catch {
    const key = 'DigestAuthenticationProvider.digestAlg'
    throw new StartError(`${at(config, key)}: ${key} ${digestAlg} is no hash that is known here`)
  }
}

function providerOf(config: ServerConfig, key: string, className: string): ProviderName {
  for (const [name, known] of Object.entries(PROVIDER_CLASSES))
    if (known === className) return name as ProviderName
  const known = Object.values(PROVIDER_CLASSES).join(', ')
  throw new StartError(`${at(config, key)}: ${key} names ${className}; known here are ${known}`)
}

/** AuthenticationHelper.initConfigurations. */
function enforcedSchemes(config: ServerConfig): readonly string[] {
  const { requireSasl, enforceAuth, enforcedSchemes: schemes } = config.authentication
  if (requireSasl) return ['sasl']
  if (!enforceAuth) return []
  if (schemes.length > 0) return schemes
  throw new StartError(`${at(config, 'enforce.auth.enabled')}: enforce.auth.schemes must say which`)
}

function saslOptions(config: ServerConfig): SaslOptions | null {
  const { jaasFile, saslSection: section, saslSuperPassword } = config.authentication
  const { removeHostFromPrincipal, removeRealmFromPrincipal } = config.authentication
  if (jaasFile === null) return null
  const users = usersOf(config, jaasFile, section)
  if (users === null) {
    const key = 'java.security.auth.login.config'
    throw new StartError(`${at(config, key)}: ${jaasFile} has no section ${section}`)
  }
  return {
    users,
    superPassword: saslSuperPassword,
    removesHost: removeHostFromPrincipal,
    removesRealm: removeRealmFromPrincipal,
  }
}

function usersOf(config: ServerConfig, file: string, section: string): Map<string, string> | null {
  try {
    return jaasUsers(readFileSync(file, 'utf8'), file, section)
  } catch (error) {
    if (error instanceof JaasError) throw new StartError(`${formatLocation(error.where)}: ${error.message}`)
    const key = 'java.security.auth.login.config'
    throw new StartError(`${at(config, key)}: ${file} cannot be read: ${messageOf(error)}`)
  }
}

function at(config: ServerConfig, key: string): string {
  return formatLocation(originOf(config, key))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
