/** The whole tree as one member shows it, and where two members' trees differ. */
import { isDeepStrictEqual } from 'node:util'
import type { Acl, Stat, ZooKeeper } from '../../src/client/index.ts'

export interface Znode {
  readonly data: Buffer | null
  readonly acl: readonly Acl[]
  readonly stat: Stat
}

/** Every znode by its path. */
export type Tree = ReadonlyMap<string, Znode>

/** Outstanding paths. */
const WINDOW = 200

/** @param client one that may read everything, at the member whose tree is wanted */
export async function readTree(client: ZooKeeper): Promise<Tree> {
  await client.sync()
  const tree = new Map<string, Znode>()
  let level = ['/']
  while (level.length > 0) {
    const below: string[] = []
    for (let at = 0; at < level.length; at += WINDOW) {
      const paths = level.slice(at, at + WINDOW)
      const found = await Promise.all(paths.map((path) => readZnode(client, path)))
      for (const [i, { znode, children }] of found.entries()) {
        const path = paths[i] as string
        tree.set(path, znode)
        below.push(...children.sort().map((name) => `${path === '/' ? '' : path}/${name}`))
      }
    }
    level = below
  }
  return tree
}

async function readZnode(client: ZooKeeper, path: string): Promise<{ znode: Znode; children: string[] }> {
  const [{ data, stat }, { acl }, children] = await Promise.all([
    client.getData(path),
    client.getAcl(path),
    client.getChildren(path),
  ])
  return { znode: { data, acl, stat }, children }
}

/** Lines that say where `other` differs from `one`; none when they are the same. */
export function treeDifferences(one: Tree, other: Tree): string[] {
  const paths = [...new Set([...one.keys(), ...other.keys()])].sort()
  return paths.flatMap((path) => {
    const [a, b] = [one.get(path), other.get(path)]
    if (a === undefined) return [`${path} is there in the second only`]
    if (b === undefined) return [`${path} is there in the first only`]
    const fields = [
      ...differing('', { data: text(a.data), acl: a.acl }, { data: text(b.data), acl: b.acl }),
      ...differing('Stat.', statOf(path, a), statOf(path, b)),
    ]
    return fields.map((line) => `${path}: ${line}`)
  })
}

function differing(prefix: string, a: object, b: object): string[] {
  const other = new Map(Object.entries(b))
  return Object.entries(a)
    .filter(([name, value]) => !isDeepStrictEqual(value, other.get(name)))
    .map(([name, value]) => `${prefix}${name} is ${show(value)} and ${show(other.get(name))}`)
}

/**
 * Without reconfigurations each server sets /zookeeper/config by itself when it starts
 * (DataTree.addConfigNode, QuorumPeer).
 */
function statOf(path: string, { stat }: Znode): Partial<Stat> {
  if (path !== '/zookeeper/config') return stat
  const { mtime, ...others } = stat
  return others
}

const text = (data: Buffer | null) => (data === null ? null : data.toString('latin1'))

function show(value: unknown): string {
  return (
    JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `0x${one.toString(16)}` : one)) ?? 'none'
  )
}
