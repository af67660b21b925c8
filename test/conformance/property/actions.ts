/**
 * What the property plays: actions of two clients on a small tree, so that they interfere. An action is data:
 * fast-check generates and shrinks it, and a failing sequence can be read as one.
 */
import fc from 'fast-check'
import type { WireAcl } from '../jute.ts'
import * as op from '../operations.ts'

export interface Action {
  /** The client that acts. */
  readonly by: 0 | 1
  readonly name: string
  readonly arguments: readonly unknown[]
}

const PATHS = [
  '',
  '/a',
  '/b',
  '/a/x',
  '/a/y',
  '/b/x',
  '/a/x/deep',
  '/s-0000000001',
  '/a/s-0000000000',
] as const
const ACLS: Record<string, readonly WireAcl[]> = {
  open: op.OPEN,
  none: [],
  mine: [[31, 'auth', '']],
  fred: [[31, 'digest', 'fred:lVt6OABBJX49qC19kt5J5OU3Neo=']],
  readable: [[1, 'world', 'anyone']],
  writable: [[2, 'world', 'anyone']],
  locked: [[31, 'digest', 'nobody:x']],
  local: [[31, 'ip', '127.0.0.1/8']],
}

const path = fc.constantFrom(...PATHS)
const version = fc.constantFrom(-1, -1, -1, 0, 1, 2)
const data = fc.constantFrom('', 'x', 'longer', null)
const acl = fc.constantFrom(...Object.keys(ACLS))
const flags = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4)
const watch = fc.boolean()

/** The operations that a multi may contain. */
const parts = {
  create: fc.tuple(path, data, flags, fc.constantFrom('open', 'open', 'open', ...Object.keys(ACLS))),
  create2: fc.tuple(path, data, flags, fc.constantFrom('open', 'open', 'open', ...Object.keys(ACLS))),
  delete: fc.tuple(path, version),
  setData: fc.tuple(path, data, version),
}
const check = fc.tuple(path, version)

const named = <T extends readonly unknown[]>(name: string, values: fc.Arbitrary<T>) =>
  values.map((value) => ({ name, arguments: value as readonly unknown[] }))

const part = fc.oneof(
  ...Object.entries(parts).map(([name, values]) => named(name, values as fc.Arbitrary<readonly unknown[]>)),
  named('check', check),
)
const read = fc.oneof(named('getData', fc.tuple(path, watch)), named('getChildren', fc.tuple(path, watch)))

const weighted: {
  weight: number
  arbitrary: fc.Arbitrary<{ name: string; arguments: readonly unknown[] }>
}[] = [
  { weight: 8, arbitrary: named('create', parts.create) },
  { weight: 4, arbitrary: named('create2', parts.create2) },
  { weight: 2, arbitrary: named('createContainer', fc.tuple(path, data)) },
  { weight: 5, arbitrary: named('delete', parts.delete) },
  { weight: 4, arbitrary: named('setData', parts.setData) },
  { weight: 2, arbitrary: named('setAcl', fc.tuple(path, acl, version)) },
  { weight: 2, arbitrary: named('getAcl', fc.tuple(path)) },
  { weight: 4, arbitrary: named('exists', fc.tuple(path, watch)) },
  { weight: 4, arbitrary: named('getData', fc.tuple(path, watch)) },
  { weight: 3, arbitrary: named('getChildren', fc.tuple(path, watch)) },
  { weight: 2, arbitrary: named('getChildren2', fc.tuple(path, watch)) },
  { weight: 1, arbitrary: named('sync', fc.tuple(path)) },
  { weight: 1, arbitrary: named('getEphemerals', fc.tuple(path)) },
  { weight: 1, arbitrary: named('getAllChildrenNumber', fc.tuple(path)) },
  { weight: 3, arbitrary: named('addWatch', fc.tuple(path, fc.constantFrom(0, 1))) },
  { weight: 2, arbitrary: named('removeWatches', fc.tuple(path, fc.constantFrom(1, 2, 3))) },
  { weight: 4, arbitrary: named('multi', fc.array(part, { maxLength: 4 })) },
  { weight: 1, arbitrary: named('multiRead', fc.array(read, { maxLength: 3 })) },
  { weight: 1, arbitrary: named('auth', fc.constantFrom(['fred:secret'], ['jane:secret'])) },
  { weight: 1, arbitrary: named('whoAmI', fc.constant([])) },
  { weight: 2, arbitrary: named('newSession', fc.constant([])) },
  { weight: 2, arbitrary: named('reconnect', fc.constant([])) },
]

/** A reconnect arms again what was armed (setWatches2), from a zxid some way back. */
export const action: fc.Arbitrary<Action> = fc
  .tuple(fc.constantFrom(0 as const, 1 as const), fc.oneof(...weighted))
  .map(([by, rest]) => ({ by, ...rest }))

type Named = Pick<Action, 'name' | 'arguments'>

/** The request of an action, below `root`; not for `newSession` and `reconnect`. */
export function operationOf({ name, arguments: values }: Named, root: string): op.Operation {
  const at = root + (values[0] as string)
  const [, second, third, fourth] = values
  switch (name) {
    case 'create':
    case 'create2': {
      const rest = {
        data: second as string | null,
        flags: third as number,
        acl: ACLS[fourth as string] ?? null,
      }
      // A sequential name needs a prefix.
      const named = (rest.flags & 2) === 2 && rest.flags !== 4 ? `${at}/s-` : at
      return name === 'create' ? op.create(named, rest) : op.create2(named, rest)
    }
    case 'createContainer':
      return op.createContainer(at, { data: second as string | null })
    case 'delete':
      return op.remove(at, second as number)
    case 'setData':
      return op.setData(at, second as string | null, third as number)
    case 'setAcl':
      return op.setAcl(at, ACLS[second as string] ?? null, third as number)
    case 'getAcl':
      return op.getAcl(at)
    case 'exists':
      return op.exists(at, second as boolean)
    case 'getData':
      return op.getData(at, second as boolean)
    case 'getChildren':
      return op.getChildren(at, second as boolean)
    case 'getChildren2':
      return op.getChildren2(at, second as boolean)
    case 'sync':
      return op.sync(at)
    case 'getEphemerals':
      return op.getEphemerals(at)
    case 'getAllChildrenNumber':
      return op.getAllChildrenNumber(at)
    case 'addWatch':
      return op.addWatch(at, second as number)
    case 'removeWatches':
      return op.removeWatches(at, second as number)
    case 'check':
      return op.check(at, second as number)
    case 'multi':
      return op.multi(...(values as Named[]).map((each) => operationOf(each, root)))
    case 'multiRead':
      return op.multiRead(...(values as Named[]).map((each) => operationOf(each, root)))
    case 'auth':
      return op.auth('digest', values[0] as string)
    case 'whoAmI':
      return op.whoAmI()
    default:
      throw new Error(`no operation ${name}`)
  }
}
