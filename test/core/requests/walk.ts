/**
 * A long random conversation from a seed: many requests at once on few paths, so that they get in each
 * other's way.
 */
import {
  type Ask,
  acl,
  auth,
  check,
  create,
  create2,
  createContainer,
  createTtl,
  exists,
  getAcl,
  getChildren,
  getChildren2,
  getData,
  multi,
  multiRead,
  remove,
  type Step,
  say,
  setAcl,
  setData,
  sync,
} from './conversation.ts'

/** `kinds`: containers, TTL nodes and multiReads, too. */
export function randomWalk(seed: number, length: number, kinds = false): Step[] {
  let state = seed
  const below = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return Math.floor(((state >>> 8) / 0x1000000) * n)
  }
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
  const path = () => pick(['/a', '/b', '/a/a', '/a/b', '/b/a', '/a/a/a', '/', '/b/a/'])
  const version = () => pick([-1, -1, 0, 1, 2])
  const list = () =>
    pick([
      [acl(31, 'world', 'anyone')],
      [acl(31, 'world', 'anyone')],
      [acl(17, 'world', 'anyone'), acl(14, 'digest', 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=')],
      [acl(31, 'auth', '')],
      [],
    ])
  const writeKind = (): Ask =>
    pick([
      () => createContainer(path()),
      () => createTtl(path(), pick([1000, 60_000, 0]) * 60, pick([5, 6])),
      () => create(path(), 'x', 4),
    ])()
  const write = (): Ask => (kinds && below(3) === 0 ? writeKind() : writePlain())
  const writePlain = (): Ask =>
    pick([
      () => create(path(), 'x', pick([0, 0, 0, 1, 2, 3])),
      () => create2(path(), 'yy', pick([0, 0, 1, 2, 3])),
      () => create(path(), '', 0, list()),
      () => remove(path(), version()),
      () => remove(path()),
      () => setData(path(), String(below(100)), version()),
      () => check(path(), version()),
    ])()
  const several = (): Ask[] => Array.from({ length: below(4) }, write)
  const any = (): Ask => {
    const kind = below(10)
    if (kind < 5) {
      const asked = write()
      // Alone, a check would destroy an ensemble of Apache's.
      return asked.type === 13 ? multi(asked) : asked
    }
    if (kind < 7) return multi(...several())
    if (kinds && kind === 7) return multiRead(getData(path()), getChildren(path()), getData(path()))
    return pick([
      () => getData(path(), true),
      () => exists(path(), true),
      () => getChildren2(path(), true),
      () => getAcl(path()),
      () => setAcl(path(), list(), version()),
      () => sync(path()),
    ])()
  }
  const steps: Step[] = [say('a', auth('digest', 'u:p'))]
  while (steps.length < length)
    steps.push(say(pick(['a', 'b', 'c']), ...Array.from({ length: 1 + below(6) }, any)))
  return steps
}
