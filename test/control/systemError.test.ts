/** What the system refuses is told as a sentence: what was tried, on which path, why not, and what to do. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OperationError, operationErrorOf, describe as told } from '../../src/api/operationError.ts'
import { systemTrouble } from '../../src/systemError.ts'

let dir: string

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'zkp-system-'))
  writeFileSync(join(dir, 'file'), '')
  symlinkSync('circle', join(dir, 'circle'))
})

afterAll(() => rmSync(dir, { recursive: true, force: true }))

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was refused')
}

describe('what the system refuses', () => {
  const long = 'x'.repeat(300)
  it.each<[string, () => unknown, RegExp]>([
    [
      'ENOENT',
      () => readFileSync(join(dir, 'none')),
      /^cannot open .*\/none: there is no such file or folder$/,
    ],
    ['EISDIR', () => writeFileSync(dir, ''), /^cannot open .*: it is a folder, not a file$/],
    [
      'ENOTDIR',
      () => mkdirSync(join(dir, 'file', 'a')),
      /^cannot make the folder .*file\/a: a part of the path/,
    ],
    [
      'EEXIST',
      () => mkdirSync(join(dir, 'file')),
      /^cannot make the folder .*file: something with this name/,
    ],
    ['ENAMETOOLONG', () => mkdirSync(join(dir, long)), /^cannot make the folder .*x: the name is too long$/],
    ['ELOOP', () => readFileSync(join(dir, 'circle')), /circle: its symbolic links lead in a circle$/],
  ])('%s', (code, action, message) => {
    const trouble = systemTrouble(thrownBy(action))
    expect(trouble?.code).toBe(code)
    expect(trouble?.message).toMatch(message)
    expect(trouble?.hint).not.toBe('')
  })

  it.skipIf(process.platform !== 'linux')('a full disk, of which the system names no path', () => {
    const error = thrownBy(() => writeFileSync('/dev/full', 'x'))
    expect(systemTrouble(error, '/data/0')).toMatchObject({
      code: 'ENOSPC',
      message: 'cannot write /data/0: no space is left on the disk',
      hint: expect.stringContaining('df -h'),
    })
  })

  it.each(['EACCES', 'EPERM', 'EROFS', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO'])('%s has its remedy', (code) => {
    const error = Object.assign(new Error(code), { code, syscall: 'open', path: '/data/0/myid' })
    const trouble = systemTrouble(error)
    expect(trouble?.message).toMatch(/^cannot open \/data\/0\/myid: [a-z]/)
    expect(trouble?.hint).toMatch(/^[a-z]/)
  })

  it('reaches people as an expected error, with the cause kept', () => {
    const cause = thrownBy(() => readFileSync(join(dir, 'none')))
    const error = operationErrorOf(cause) as OperationError
    expect(error).toBeInstanceOf(OperationError)
    expect(error.cause).toBe(cause)
    expect(told(cause)).toMatchObject({ code: 'ENOENT', exitCode: 1, hint: 'make it, or name another one' })
  })

  it('is not made of what is a fault of ours, nor of a port that is taken', () => {
    expect(systemTrouble(new TypeError('x is not a function'))).toBeNull()
    const taken = { code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port: 2180 }
    expect(systemTrouble(Object.assign(new Error('taken'), taken))).toBeNull()
  })
})
