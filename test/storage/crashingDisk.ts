/** Disks that stop at will: the process ends, or the power fails. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type FileSystem, nodeFileSystem } from '../../src/storage/fileSystem.ts'

/** What a crash throws here. */
export class Crash extends Error {}

export interface CrashingDisk {
  files: FileSystem
  /** Lives through so many changing operations from now on; after that none works any more. */
  crashAfter(steps: number): void
  /** Once everything is closed: what of it survives on the platter. */
  settle(): void
}

const MUTATING = new Set<keyof FileSystem>([
  'open',
  'write',
  'resize',
  'syncData',
  'sync',
  'syncLater',
  'syncDirectory',
  'rename',
  'remove',
])

type Operation = (...args: unknown[]) => unknown

/** Calls `before` and `after` around changing operations, and stops; a write it stops at is done by half. */
function stopping(watch: { before(key: keyof FileSystem, args: unknown[]): void }): {
  files: FileSystem
  crashAfter(steps: number): void
} {
  let count = 0
  let limit = Number.POSITIVE_INFINITY
  const files = new Proxy(nodeFileSystem, {
    get(target, key: keyof FileSystem) {
      const operation = target[key] as Operation
      return (...args: unknown[]) => {
        if (!MUTATING.has(key) || (key === 'open' && args[1] === 'read')) return operation.apply(target, args)
        if (count === limit && key === 'write') {
          const [fd, bytes, position] = args as [number, Buffer, number]
          watch.before(key, args)
          target.write(fd, bytes.subarray(0, bytes.length >> 1), position)
        }
        if (count >= limit) {
          count = Number.POSITIVE_INFINITY
          throw new Crash(`before step ${limit}: ${key}`)
        }
        count += 1
        watch.before(key, args)
        const result = operation.apply(target, args)
        if (key === 'open') opened.set(result as number, args[0] as string)
        return result
      }
    },
  })
  const crashAfter = (steps: number) => {
    count = 0
    limit = steps
  }
  return { files, crashAfter }
}

/** Path by descriptor; descriptors are used again, so the latest counts. */
const opened = new Map<number, string>()

/** All that was done before survives, as after the end of a process. */
export function endingProcess(): CrashingDisk {
  return { ...stopping({ before: () => {} }), settle: () => {} }
}

/**
 * What was not synced is lost: bytes and sizes of files not synced since, names made, changed or removed in
 * directories not synced since. `survives` decides for each whether it is lost after all: a disk may have
 * written any of it by itself.
 */
export function failingPower(survives: () => boolean): CrashingDisk {
  const keep = mkdtempSync(join(tmpdir(), 'zk-platter-'))
  onTestFinished(() => rmSync(keep, { recursive: true, force: true }))
  /** Content of files as last synced, by path; null: nothing was. */
  const synced = new Map<string, Buffer>()
  /** How to take back what was done to names, the latest first. */
  let undo: { dir: string; back(): void }[] = []

  const remember = (path: string) => {
    if (!synced.has(path) && existsSync(path)) synced.set(path, readFileSync(path))
  }
  const watch = {
    before(key: keyof FileSystem, args: unknown[]) {
      if (key === 'open') return beforeOpen(args[0] as string, args[1] as string)
      if (key === 'write' || key === 'resize') return remember(opened.get(args[0] as number) as string)
      if (key === 'sync' || key === 'syncData' || key === 'syncLater')
        return void synced.delete(opened.get(args[0] as number) as string)
      if (key === 'syncDirectory') undo = undo.filter(({ dir }) => dir !== args[0])
      if (key === 'remove') beforeRemove(args[0] as string)
      if (key === 'rename') beforeRename(args[0] as string, args[1] as string)
    },
  }
  const beforeOpen = (path: string, mode: string) => {
    if (mode === 'replace' && existsSync(path)) remember(path)
    else if (mode !== 'edit') undo.unshift({ dir: dirname(path), back: () => rmSync(path, { force: true }) })
  }
  const beforeRemove = (path: string) => {
    if (!existsSync(path)) return
    const copy = join(keep, String(Math.random()))
    copyFileSync(path, copy)
    undo.unshift({ dir: dirname(path), back: () => copyFileSync(copy, path) })
  }
  const beforeRename = (from: string, to: string) => {
    const old = existsSync(to) ? readFileSync(to) : null
    const unsynced = synced.get(from)
    synced.delete(from)
    if (unsynced !== undefined) synced.set(to, unsynced)
    const back = () => {
      if (existsSync(to)) renameSync(to, from)
      if (old !== null) writeFileSync(to, old)
    }
    undo.unshift({ dir: dirname(to), back })
  }
  const settle = () => {
    for (const [path, content] of synced) if (existsSync(path) && !survives()) writeFileSync(path, content)
    // Names are journaled in order: what survives is a beginning of what was done.
    while (undo.length > 0 && !survives()) undo.shift()?.back()
    synced.clear()
    undo = []
  }
  return { ...stopping(watch), settle }
}
