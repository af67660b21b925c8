/** Kinds of nodes, their limits, and whether ACLs count. */
import type { Table } from './row.ts'

// biome-ignore format: a table is read by its columns
export const NODES = {
  skipAcl: { source: 'property', key: 'skipACL', kind: 'onlyYes', default: 'no',
    does: 'Whether ACLs are ignored.' },
  extendedTypesEnabled: { source: 'property', key: 'extendedTypesEnabled', kind: 'onlyTrue', default: 'false',
    does: 'Whether there are TTL nodes; ids of members then end at 254.' },
  emulate353TtlNodes: { source: 'property', key: 'emulate353TTLNodes', kind: 'onlyTrue', default: 'false',
    does: 'Whether TTL nodes are stored as in version 3.5.3; counts beside `extendedTypesEnabled` only.' },
  enforceQuota: { source: 'property', key: 'enforceQuota', kind: 'onlyTrue', default: 'false',
    does: 'Whether a write beyond a hard quota is refused.' },
} as const satisfies Table

// biome-ignore format: a table is read by its columns
export const CONTAINERS = {
  checkIntervalMs: { source: 'jvm', key: 'znode.container.checkIntervalMs', kind: 'int', default: '60000',
    unit: 'ms', min: 1,
    does: 'How often the leader looks for container and TTL nodes to delete.' },
  maxPerMinute: { source: 'jvm', key: 'znode.container.maxPerMinute', kind: 'int', default: '10000',
    unit: 'nodes', min: 1,
    does: 'How many of them are deleted a minute at most.' },
  maxNeverUsedMs: { source: 'jvm', key: 'znode.container.maxNeverUsedIntervalMs', kind: 'long', default: '0',
    unit: 'ms', min: 0,
    does: 'When a container that never had children is deleted; 0 means never.' },
} as const satisfies Table
