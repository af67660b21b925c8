import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { untilStopped } from '../../src/host/childProcess.ts'

/** A program that counts as fast as it can, in two threads. */
const BUSY = `
  const { Worker } = require('node:worker_threads')
  const shared = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < 2; i++)
    new Worker('const { workerData } = require("node:worker_threads"); for (;;) Atomics.add(workerData, 0, 1)', { eval: true, workerData: shared })
  process.stdout.write('busy')
  setInterval(() => process.stdout.write('.'), 1)
`

it.runIf(process.platform === 'linux')('a stopped process stands still, with all its threads', async () => {
  const child = spawn(process.execPath, ['-e', BUSY], { stdio: ['ignore', 'pipe', 'ignore'] })
  const pid = child.pid as number
  let heard = 0
  child.stdout.on('data', (text: Buffer) => {
    heard += text.length
  })
  try {
    await once(child.stdout, 'data')
    for (let round = 0; round < 20; round++) {
      child.kill('SIGSTOP')
      await untilStopped(pid)
      // What it had written is read; nothing follows.
      await new Promise((done) => setTimeout(done, 5))
      const before = heard
      await new Promise((done) => setTimeout(done, 20))
      expect(heard).toBe(before)
      child.kill('SIGCONT')
      await once(child.stdout, 'data')
    }
  } finally {
    child.kill('SIGKILL')
  }
  await once(child, 'exit')
  await untilStopped(pid)
})
