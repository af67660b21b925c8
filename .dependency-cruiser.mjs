/** Which folder may import which: the table of ARCHITECTURE.md, enforced. Other imports are errors. */
export const allowed = {
  protocol: [],
  time: [],
  systemError: [],
  config: [],
  tree: ['protocol'],
  core: ['protocol', 'tree'],
  storage: ['protocol', 'tree', 'config', 'core/effects', 'core/invariant'],
  net: ['protocol', 'tree', 'core/effects', 'core/events', 'core/election'],
  client: ['protocol', 'time'],
  peer: ['protocol', 'config', 'tree', 'core', 'storage', 'net', 'systemError', 'host/host'],
  host: ['time', 'peer', 'config', 'protocol', 'storage', 'core/events', 'core/invariant', 'core/election'],
  api: ['systemError', 'core/events', 'host/host'],
  supervisor: [
    'api',
    'time',
    'systemError',
    'host',
    'config',
    'protocol',
    'core/events',
    'core/quorum',
    'storage/fileNames',
    'storage/lock',
  ],
  control: ['api', 'time', 'systemError', 'supervisor', 'core/events', 'host/host'],
  ensemble: ['api', 'time', 'supervisor', 'control', 'client', 'config', 'core/events', 'host/host'],
  cli: [
    'api',
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
      from: { path: `^src/${folder}(/|\\.ts$)` },
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
      // Types count: a circle of them is one that a reader runs in. What is loaded on demand does not.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['dynamic-import'] } },
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
