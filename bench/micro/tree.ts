/** The tree as committed transactions change it: the work that every member does for every write. */
import { ErrorCode } from '../../src/protocol/errors.ts'
import { makeZxid } from '../../src/protocol/zxid.ts'
import { OPEN_ACL } from '../../src/tree/aclTable.ts'
import { DataTree } from '../../src/tree/dataTree.ts'
import type { MicroBench } from './bench.ts'

const data = Buffer.alloc(100, 'x')
const NODES = 1024

function newNode(path: string) {
  return { path, data, acl: OPEN_ACL, ephemeralOwner: 0n, parentCVersion: -1 }
}

/** A tree with `/services/web` in it, and the paths of children that will be created. */
function smallTree(): { tree: DataTree; paths: string[] } {
  const tree = DataTree.initial()
  for (const path of ['/services', '/services/web']) tree.create(newNode(path), makeZxid(1, 1), 1)
  const paths = Array.from({ length: NODES }, (_, i) => `/services/web/node-${String(i).padStart(10, '0')}`)
  return { tree, paths }
}

export const treeBenches: readonly MicroBench[] = [
  {
    name: 'tree: create and delete, 100 bytes',
    prepare() {
      const { tree, paths } = smallTree()
      return (i) => {
        const path = paths[i % NODES] as string
        const created = tree.create(newNode(path), makeZxid(1, 2 * i + 2), i)
        const deleted = tree.delete(path, makeZxid(1, 2 * i + 3))
        return created === ErrorCode.Ok && deleted === ErrorCode.Ok ? i & 7 : -1
      }
    },
  },
  {
    name: 'tree: set, 100 bytes',
    prepare() {
      const { tree, paths } = smallTree()
      for (const path of paths) tree.create(newNode(path), makeZxid(1, 2), 1)
      return (i) => {
        const err = tree.setData(paths[i % NODES] as string, data, i, makeZxid(1, i + 3), i)
        return err + (i & 7)
      }
    },
  },
]
