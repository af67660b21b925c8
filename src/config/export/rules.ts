/** Rules for what each setting becomes on a real host, for Apache ZooKeeper. Pure. */
import type { Rule } from '../change.ts'
import { isJvmOnly } from '../jvmFlags.ts'
import type { ExportMember } from './member.ts'

type ExportRule = Rule<ExportMember>

const USUAL = 'as is usual; --keep-ports leaves it'
const ONE_FOR_ALL = 'each host has its own: one port for all; --keep-ports leaves it'

export function exportRules(members: readonly ExportMember[]): ExportRule[] {
  return [
    { key: 'dataDir', why: 'the folder on the host', to: ({ dataDir }) => dataDir },
    {
      key: 'dataLogDir',
      why: 'the folder on the host',
      to: ({ settings, dataLogDir }) => (settings.has('dataLogDir') ? dataLogDir : undefined),
    },
    port('clientPort', USUAL, ({ ports }) => ports.client),
    address('clientPortAddress'),
    port('secureClientPort', ONE_FOR_ALL, ({ ports }) => ports.secure),
    address('secureClientPortAddress'),
    port('admin.serverPort', ONE_FOR_ALL, ({ ports }) => ports.admin),
    address('admin.serverAddress'),
    port('metricsProvider.httpPort', ONE_FOR_ALL, ({ ports }) => ports.metrics),
    port('metricsProvider.httpsPort', ONE_FOR_ALL, ({ ports }) => ports.secureMetrics),
    address('metricsProvider.httpHost'),
    {
      key: 'dynamicConfigFile',
      why: 'the file has the server list itself; with reconfigEnabled Apache ZooKeeper makes its own',
      to: ({ settings }) => (settings.has('dynamicConfigFile') ? null : undefined),
    },
    {
      key: 'serverCnxnFactory',
      why: 'Apache ZooKeeper has its secure port only with Netty',
      to: ({ settings, ports }) =>
        ports.secure === null || /Netty/.test(settings.get('serverCnxnFactory') ?? '')
          ? undefined
          : 'org.apache.zookeeper.server.NettyServerCnxnFactory',
    },
    {
      key: 'autopurge.purgeInterval',
      why: 'Apache ZooKeeper 3.8 takes whole hours',
      to: ({ settings, source }) => {
        const written = settings.get('autopurge.purgeInterval')
        const hours = source.config.autopurge.purgeIntervalHours
        return written === undefined || /^\d+$/.test(written) ? undefined : String(Math.ceil(hours))
      },
    },
    ...flagRules(members),
  ]
}

function port(key: string, why: string, of: (member: ExportMember) => number | null): ExportRule {
  return { key, why, to: (member) => (member.settings.has(key) ? String(of(member)) : undefined) }
}

/**
 * An address of this machine has no meaning on a host, but a loopback host must stay out of reach for others.
 */
function address(key: string): ExportRule {
  return {
    key,
    why: 'the host has other addresses',
    to: ({ settings, clientAddress, spec, source }) => {
      const isOnLine = spec !== null && spec.clientPort !== null
      const isClient = key === 'clientPortAddress' && !isOnLine && source.config.clientPort !== 0
      if (clientAddress !== null) return isClient || settings.has(key) ? clientAddress : undefined
      return settings.has(key) ? null : undefined
    },
  }
}

function flagRules(members: readonly ExportMember[]): ExportRule[] {
  const keys = new Set(members.flatMap(({ settings }) => [...settings.keys()].filter(isJvmOnly)))
  return [...keys].map((key) => {
    const why = 'Apache ZooKeeper takes it as a JVM option only, so it is among JVMFLAGS'
    return { key, why, to: ({ settings }) => (settings.has(key) ? null : undefined) }
  })
}
