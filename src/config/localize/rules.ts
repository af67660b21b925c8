/** Rules for settings that make no sense, or a different one, when all members run on one machine. Pure. */
import type { Rule } from '../change.ts'
import { isJvmOnly } from '../jvmFlags.ts'
import { foldersOf, HERE, type LocalServer, runsAdminServer } from '../servers/localServer.ts'

type LocalRule = Rule<LocalServer>

/** @param whyPorts why a port had to move */
export function localRules(servers: readonly LocalServer[], out: string, whyPorts: string): LocalRule[] {
  const rules = [
    ...folderRules(out),
    ...clientRules(whyPorts),
    ...ensembleRules(servers),
    ...viewRules(servers, whyPorts),
  ]
  const ruled = new Set(rules.map(({ key }) => key))
  return [...rules, ...flagRules(servers).filter(({ key }) => !ruled.has(key))]
}

function folderRules(out: string): LocalRule[] {
  return [
    {
      key: 'dataDir',
      why: 'each member has its own, beside the configs',
      to: (server) => foldersOf(server, out)[0],
      shown: `${out}/data/<id>`,
    },
    {
      key: 'dataLogDir',
      why: 'each member has its own, beside the configs',
      to: (server) => (server.written.has('dataLogDir') ? foldersOf(server, out)[1] : undefined),
      shown: `${out}/datalog/<id>`,
    },
  ]
}

function clientRules(whyPorts: string): LocalRule[] {
  return [
    ...['clientPort', 'secureClientPort'].map((key): LocalRule => {
      return {
        key,
        why: whyPorts,
        to: ({ settings, ports }) => (settings.has(key) ? String(ports[key]) : undefined),
      }
    }),
    {
      key: 'clientPortAddress',
      why: 'for clients of this machine only; without it Apache ZooKeeper listens at all addresses',
      to: ({ settings, line, ports }) => {
        const isElsewhere = line !== null && line.clientPort !== null
        // Apache refuses an address for a port that is not configured.
        const isMissing = ports.clientPort === undefined
        return settings.has('clientPortAddress') || !(isElsewhere || isMissing) ? HERE : undefined
      },
    },
    {
      key: 'secureClientPortAddress',
      why: 'for clients of this machine only',
      to: ({ ports }) => (ports.secureClientPort === undefined ? undefined : HERE),
    },
  ]
}

function ensembleRules(servers: readonly LocalServer[]): LocalRule[] {
  const keys = new Set(servers.flatMap(({ settings }) => [...settings.keys()]))
  const gone = (key: string, why: string): LocalRule => {
    return { key, why, to: ({ settings }) => (settings.has(key) ? null : undefined) }
  }
  return [
    {
      key: 'peerType',
      why: 'as in the server list',
      to: ({ settings, line }) => (settings.has('peerType') && line !== null ? line.role : undefined),
    },
    {
      key: 'quorumListenOnAllIPs',
      why: 'members are reached at one address here',
      to: ({ config }) => (config.quorumListenOnAllIps ? null : undefined),
    },
    ...[...keys]
      .filter((key) => key.startsWith('multiAddress.'))
      .map((key) => gone(key, 'members have one address here')),
    gone('observerMasterPort', 'all members would want the same port: observers look for it at that one'),
    gone('dynamicConfigFile', 'each file has the server list itself'),
    {
      key: 'ssl.quorum.hostnameVerification',
      why: `the certificates of the hosts do not name ${HERE}`,
      to: (server) =>
        isTrue(server, 'sslQuorum') || isTrue(server, 'portUnification') ? 'false' : undefined,
    },
  ]
}

function isTrue({ settings }: LocalServer, key: string): boolean {
  return settings.get(key)?.toLowerCase() === 'true'
}

/** The admin server and the metrics providers have ports and addresses, too. */
function viewRules(servers: readonly LocalServer[], whyPorts: string): LocalRule[] {
  const port = (key: string): LocalRule => {
    const to = ({ ports }: LocalServer) => (ports[key] === undefined ? undefined : String(ports[key]))
    return { key, why: whyPorts, to }
  }
  const address = (key: string): LocalRule => {
    return {
      key,
      why: 'for this machine only',
      to: ({ settings }) => (settings.has(key) ? HERE : undefined),
    }
  }
  const off: LocalRule = {
    key: 'admin.enableServer',
    why: 'the admin servers of all members would want port 8080',
    to: () => 'false',
  }
  return [
    servers.some(runsAdminServer) ? port('admin.serverPort') : off,
    address('admin.serverAddress'),
    port('metricsProvider.httpPort'),
    port('metricsProvider.httpsPort'),
    address('metricsProvider.httpHost'),
  ]
}

/** JVM options of the hosts become settings, because a member here gets no JVM options. */
function flagRules(servers: readonly LocalServer[]): LocalRule[] {
  const keys = new Set(servers.flatMap(({ source }) => [...source.flags.keys()]))
  return [...keys].map((key) => {
    const why = isJvmOnly(key)
      ? 'from java.env; zk-pseudo takes it here, Apache ZooKeeper as a JVM option only'
      : 'from java.env'
    return { key, why, to: ({ source, settings }) => (source.flags.has(key) ? settings.get(key) : undefined) }
  })
}
