import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { lockDirectory } from '../../src/storage/lock.ts'
import { copyOf, temporaryDir } from './transactions.ts'

let dir: string
beforeEach(() => {
  dir = temporaryDir()
})

const lock = (where = dir) => {
  const held = lockDirectory(nodeFileSystem, where)
  onTestFinished(() => held.release())
  return held
}
const names = () => readdirSync(dir).filter((name) => name.startsWith('zk-pseudo.lock.'))
const startOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19]
const withoutProc = process.platform === 'linux' ? false : 'only Linux shows who holds a file open'

test('one at a time', () => {
  const first = lock()
  expect(() => lock()).toThrow(new RegExp(`is in use by process ${process.pid}`))
  expect(names().length).toBe(1)
  first.release()
  first.release()
  expect(names()).toEqual([])
  lock()
})

test.skipIf(withoutProc)('a copy of a directory in use is free', () => {
  lock()
  const copy = copyOf(dir)
  lock(copy)
})

test('the dead hold nothing: a process that ended, and one whose pid lives on in another', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  writeFileSync(join(dir, `zk-pseudo.lock.${child.pid}.1.00`), '')
  writeFileSync(join(dir, `zk-pseudo.lock.${process.pid}.1.00`), '')
  lock()
  expect(names().length).toBe(1)
})

test('another live process holds it until it is killed', async () => {
  const code = `const fs = require('node:fs')
    const start = fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')[19]
    fs.openSync(process.argv[1] + '/zk-pseudo.lock.' + process.pid + '.' + start + '.00', 'wx')
    process.stdout.write('held')
    setInterval(() => {}, 1000)`
  if (withoutProc) return
  const child = spawn(process.execPath, ['-e', code, dir])
  await once(child.stdout, 'data')
  expect(() => lock()).toThrow(new RegExp(`in use by process ${child.pid}`))
  child.kill('SIGKILL')
  await once(child, 'exit')
  lock()
})

test.skipIf(withoutProc)('a thread of this process holds it until it is terminated', async () => {
  const name = `zk-pseudo.lock.${process.pid}.${startOf(process.pid)}.00`
  const code = `const { workerData, parentPort } = require('node:worker_threads')
    require('node:fs').openSync(workerData, 'wx')
    parentPort.postMessage('held')
    setInterval(() => {}, 1000)`
  const worker = new Worker(code, { eval: true, workerData: join(dir, name) })
  await once(worker, 'message')
  expect(() => lock()).toThrow(/in use/)
  await worker.terminate()
  lock()
  expect(names()).not.toContain(name)
})
