/** Apache ZooKeeper's own tools for its files, run on one file or directory each. */
import { spawnSync } from 'node:child_process'

const jar = process.env.ZK_APACHE_CLASSPATH ?? '/etc/zookeeper/conf_example:/usr/share/java/zookeeper.jar'
const SERVER = 'org.apache.zookeeper.server'

/** What a tool printed. @throws when it fails, or complains about more than its logger */
function run(className: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('java', ['-cp', jar, `${SERVER}.${className}`, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const complaint = stderr.split('\n').filter((line) => line !== '' && !/^(SLF4J|log4j)/.test(line))
  if (status !== 0 || complaint.length > 0)
    throw new Error(`${className} ${args.join(' ')}: exit ${status}\n${complaint.join('\n')}`)
  return stdout
}

/** A log's transactions, a line each; `EOF reached after N txns.` at the end. */
export function dumpLog(path: string): string {
  return run('persistence.TxnLogToolkit', ['-d', path])
}

/** A snapshot's znodes, sessions and digest; the order is the tree's. */
export function formatSnapshot(path: string): string {
  return run('SnapshotFormatter', ['-d', path])
}

export function snapshotAsJson(path: string): unknown {
  return JSON.parse(run('SnapshotFormatter', ['-json', path]))
}

/** How the second snapshot differs from the first, with nothing too small to be told. */
export function compareSnapshots(left: string, right: string): string {
  return run('SnapshotComparer', ['-l', left, '-r', right, '-b', '0', '-n', '0'])
}

export function purge(dataLogDir: string, dataDir: string, retain: number): string {
  return run('PurgeTxnLog', [dataLogDir, dataDir, '-n', String(retain)])
}
