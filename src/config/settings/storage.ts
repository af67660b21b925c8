/** The data of a member on its disk: transaction logs, snapshots, and how they are purged. */
import { NOT_YET, type Table } from './row.ts'

// biome-ignore format: a table is read by its columns
export const STORAGE = {
  dataDir: { source: 'file', key: 'dataDir', kind: 'path', default: '',
    does: 'The folder of `myid`, the snapshots and, without `dataLogDir`, the transaction logs. Required.' },
  dataLogDir: { source: 'file', key: 'dataLogDir', kind: 'path', default: '',
    does: 'The folder of the transaction logs; `dataDir` by default.' },
  snapCount: { source: 'property', key: 'snapCount', kind: 'int', default: '100000', unit: 'transactions',
    raisedTo: 2,
    does: 'A snapshot is taken, and a new log begun, after half of this to this many transactions.' },
  snapSizeLimitKb: { source: 'property', key: 'snapSizeLimitInKb', kind: 'long', default: '4194304', unit: 'KiB',
    does: 'The same by the size of the transactions.' },
  snapshotSizeFactor: { source: 'property', key: 'snapshotSizeFactor', kind: 'ratio', default: '0.33',
    unit: 'of the snapshot',
    does: 'Up to which size transactions are read from the log for a DIFF; values above 1 mean the default.',
    differs: `${NOT_YET}: a DIFF never comes from the log` },
  preAllocSizeKb: { source: 'property', key: 'preAllocSize', kind: 'long', default: '65536', unit: 'KiB', min: 0,
    does: 'In steps of which size a log grows on the disk.' },
  forceSync: { source: 'property', key: 'forceSync', kind: 'unlessNo', default: 'yes',
    does: 'Whether transactions are on the disk before they are acknowledged.' },
  txnLogSizeLimitKb: { source: 'property', key: 'txnLogSizeLimitInKb', kind: 'long', default: '-1', unit: 'KiB',
    min: -1,
    does: 'The size after which a new log is begun; -1 means that this happens with snapshots only.' },
  commitLogCount: { source: 'property', key: 'commitLogCount', kind: 'int', default: '500', unit: 'transactions',
    raisedTo: 500,
    does: 'How many committed transactions are kept in memory for a DIFF.' },
  fsyncWarningThresholdMs: { source: 'property', key: 'fsync.warningthresholdms', kind: 'long', default: '1000',
    unit: 'ms', min: 0,
    does: 'From which duration on a sync of the log is reported as slow.' },
  snapshotTrustEmpty: { source: 'property', key: 'snapshot.trust.empty', kind: 'onlyTrue', default: 'false',
    does: 'Whether a member starts from transaction logs alone when there is no snapshot.' },
  snapshotCompression: { source: 'property', key: 'snapshot.compression.method', kind: 'text', default: '',
    does: 'How snapshots are compressed: `gz` or `snappy`; not at all by default.' },
  datadirAutocreate: { source: 'property', key: 'datadir.autocreate', kind: 'onlyTrue', default: 'true',
    does: 'Whether missing folders of `dataDir` and `dataLogDir` are made.' },
  dbAutocreate: { source: 'property', key: 'db.autocreate', kind: 'onlyTrue', default: 'true',
    does: 'Whether a member without data may begin with an empty tree; if not, a file `initialize` allows it.' },
  digestEnabled: { source: 'property', key: 'digest.enabled', kind: 'onlyTrue', default: 'true',
    does: 'Whether transactions and snapshots carry digests of the tree.' },
  closeSessionTxnEnabled: { source: 'property', key: 'closeSessionTxn.enabled', kind: 'onlyTrue', default: 'true',
    does: 'Whether the end of a session names, in its transaction, the ephemeral nodes that it deletes.' },
} as const satisfies Table

// biome-ignore format: a table is read by its columns
export const AUTOPURGE = {
  snapRetainCount: { source: 'file', key: 'autopurge.snapRetainCount', kind: 'int', default: '3', unit: 'snapshots',
    raisedTo: 3,
    does: 'How many snapshots, and the logs that follow them, a purge keeps.' },
  purgeIntervalHours: { source: 'file', key: 'autopurge.purgeInterval', kind: 'interval', default: '0', unit: 'hours',
    does: 'How long it is from one purge to the next; 0 turns purging off. Units may follow: `30m`, `12h`.',
    differs: 'units as in Apache 3.9; Apache 3.8 takes whole hours only' },
} as const satisfies Table
