/** An ensemble that nobody closes: it does not keep its process, and leaves nothing behind. */
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClusterInfo } from '../../src/ensemble/index.ts'
import { lives } from '../support/commandLine.ts'
import { eventually } from '../support/eventually.ts'
import { isFree } from '../support/ports.ts'

const ender = fileURLToPath(new URL('./ender.mjs', import.meta.url))

describe.each(['thread', 'process'])('an ensemble in %ss that is not closed', (isolation) => {
  let dir: string

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'zkp-unclosed-'))
  })

  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  it.each([
    ['is forgotten', 0],
    ['exits', 7],
    ['throws', 1],
    ['throws later', 1],
  ])('goes with a program that %s', async (how, code) => {
    const env = { ...process.env, TMPDIR: dir, XDG_RUNTIME_DIR: dir }
    const child = fork(ender, [how, isolation], { env, stdio: 'ignore' })
    const told = new Promise<ClusterInfo>((resolve) => child.once('message', resolve as never))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const { members, dir: folder } = await told
    expect(await ended).toBe(code)
    expect(existsSync(folder)).toBe(false)
    expect(readdirSync(dir).filter((name) => name !== 'zk-pseudo')).toEqual([])
    for (const { pid, clientPort } of members) {
      await eventually('its processes to end', () => pid === null || !lives(pid))
      expect(await isFree(clientPort as number)).toBe(true)
    }
  })
})
