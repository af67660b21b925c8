/** Who may import whom: the tree of ARCHITECTURE.md, enforced. A folder imports only what its line names. */
const allowed = {
  protocol: [],
  config: [],
  tree: ['protocol'],
  core: ['protocol', 'tree'],
  storage: ['protocol', 'tree', 'config', 'core/effects', 'core/invariant'],
  net: ['protocol', 'tree', 'core/(effects|events|election)'],
  client: ['protocol', 'time'],
  peer: ['protocol', 'config', 'tree', 'core', 'storage', 'net', 'systemError', 'host/host'],
  host: [
    'time',
    'peer',
    'config',
    'core/(events|invariant|election/(why|vote))',
    'protocol/zxid',
    'storage/(lock|fileSystem|fileNames|log/logFormat|errors|epochs|recovery)',
  ],
  supervisor: [
    'time',
    'systemError',
    'host',
    'config',
    'core/(events|quorum)',
    'control/api',
    'control/operationError',
    'protocol',
    'storage/(fileNames|lock)',
  ],
  control: ['time', 'systemError', 'supervisor', 'core/events', 'host/host'],
  ensemble: ['time', 'supervisor', 'control', 'client', 'config', 'host/host', 'core/events'],
  cli: [
    'time',
    'ensemble',
    'control',
    'client',
    'config',
    'supervisor',
    'core/events',
    'host/host',
    'storage/dataCopy',
  ],
}

export default {
  forbidden: [
    ...Object.entries(allowed).map(([folder, targets]) => ({
      name: `${folder}-imports`,
      severity: 'error',
      comment: `src/${folder} may import ${targets.join(', ') || 'nothing'} (ARCHITECTURE.md, "The parts")`,
      from: { path: `^src/${folder}/` },
      to: {
        path: '^src/',
        pathNot: [folder, ...targets].map((target) => `^src/${target}(/|\\.ts$)`),
      },
    })),
    {
      name: 'core-is-pure',
      severity: 'error',
      comment:
        'The core has no sockets, files, timers or randomness: one process simulates thousands of members',
      from: { path: '^src/(core|tree|protocol)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(zlib|crypto)$' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '(main|Member|daemon|index|api|host)\\.ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
