/**
 * Trees of members, read in two ways: through the client port while they serve, and from the disk while they
 * are down.
 */
import { join } from 'node:path'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { VERSION_DIR } from '../../src/storage/fileNames.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { recoverDatabase } from '../../src/storage/recovery.ts'
import type { RawClient } from '../support/rawClient.ts'
import { opcode, readBody } from '../support/wire.ts'

/** Data and stat of every znode by its path, as the server sends them. */
export type Tree = ReadonlyMap<string, Buffer>

const WINDOW = 200
/** A stat ends with int numChildren and long pzxid. */
const NUM_CHILDREN_BEFORE_END = 12

/** Everything that the client's member holds, after a sync. */
export async function readTree(client: RawClient): Promise<Tree> {
  await client.sync()
  const tree = new Map<string, Buffer>()
  for (let level = ['/']; level.length > 0; ) {
    const below: string[] = []
    await inWindows(level, async (path) => {
      const answer = await client.call(opcode.getData, `get ${path}`, readBody(path))
      tree.set(path, Buffer.from(answer))
      if (answer.readInt32BE(answer.length - NUM_CHILDREN_BEFORE_END) === 0) return
      const parent = path === '/' ? '' : path
      for (const name of await client.getChildren(path)) below.push(`${parent}/${name}`)
    })
    level = below
  }
  return tree
}

/** The data in a server's answer about a znode. */
export function dataOf(answer: Buffer): string {
  return answer.toString('utf8', 4, 4 + Math.max(0, answer.readInt32BE(0)))
}

/** Paths at which two trees differ. */
export function differences(one: Tree, other: Tree): string[] {
  const paths = new Set([...one.keys(), ...other.keys()])
  return [...paths].filter((path) => {
    const [a, b] = [one.get(path), other.get(path)]
    return a === undefined || b === undefined || !a.equals(b)
  })
}

/** The position at or before `zxid` at which the history on a disk ends, and the tree's digest there. */
export function diskAt(dataDir: string, zxid: Zxid): string {
  const folder = join(dataDir, VERSION_DIR)
  const options = { snapDir: folder, logDir: folder, commitLogCount: 0, trustEmpty: false, upTo: zxid }
  const recovered = recoverDatabase(nodeFileSystem, options)
  return recovered === null
    ? 'nothing'
    : `digest ${recovered.database.tree.digest} at 0x${recovered.lastZxid.toString(16)}`
}

export async function inWindows<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += WINDOW)
    await Promise.all(items.slice(from, from + WINDOW).map(act))
}
