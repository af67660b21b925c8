/**
 * The ensembles that the suite runs on, each for the cases that need its configuration. The keys are those of
 * zoo.cfg; keys that Apache reads only from the JVM are in `jvm`.
 */
import { createHash } from 'node:crypto'

export interface Profile {
  readonly members: number
  readonly set: Readonly<Record<string, string>>
  /** System properties of Apache's servers; our members read the same names from zoo.cfg. */
  readonly jvm: Readonly<Record<string, string>>
  /** The JAAS file, for both engines, when there are SASL users. */
  readonly jaas?: string
}

export type ProfileName = 'plain' | 'extended' | 'limited'

/** `super:secret` may do everything in the profiles that allow it. */
export const SUPER = 'super:secret'
const superDigest = `super:${createHash('sha1').update(SUPER).digest('base64')}`

const common = {
  tickTime: '500',
  initLimit: '40',
  syncLimit: '20',
  minSessionTimeout: '1000',
  maxSessionTimeout: '30000',
  maxClientCnxns: '0',
  '4lw.commands.whitelist': '*',
}

export const MAX_BUFFER = 4096
export const MAX_CONNECTIONS = 6
export const SASL_USER = { user: 'fred', password: 'fred-secret' }

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  /** The default configuration. */
  plain: { members: 3, set: common, jvm: {} },
  /** With everything switched on that is off by default. */
  extended: {
    members: 3,
    set: {
      ...common,
      extendedTypesEnabled: 'true',
      reconfigEnabled: 'true',
      localSessionsEnabled: 'true',
      localSessionsUpgradingEnabled: 'true',
      enforceQuota: 'true',
      'DigestAuthenticationProvider.superDigest': superDigest,
      'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
    },
    jvm: { 'readonlymode.enabled': 'true', 'znode.container.checkIntervalMs': '300' },
    jaas: `Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_${SASL_USER.user}="${SASL_USER.password}"
  user_guest="guest-secret";
};
`,
  },
  /** A standalone server with tight limits. */
  limited: {
    members: 1,
    set: { ...common, maxClientCnxns: String(MAX_CONNECTIONS) },
    jvm: { 'jute.maxbuffer': String(MAX_BUFFER) },
  },
}
