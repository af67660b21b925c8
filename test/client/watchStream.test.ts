import { expect, it, vi } from 'vitest'
import type { WatchEvent } from '../../src/client/index.ts'
import { WatchStream } from '../../src/client/watchStream.ts'

function source(arm: () => Promise<void> = async () => {}) {
  const heard: { watcher: (event: WatchEvent) => void; end: () => void } = {
    watcher: () => {},
    end: () => {},
  }
  const disarm = vi.fn(async () => {})
  const stream = new WatchStream({
    arm: (watcher) => {
      heard.watcher = watcher
      return arm()
    },
    disarm,
    onEnd: (listener) => {
      heard.end = listener
      return () => {}
    },
  })
  return { stream, disarm, heard }
}

const event = (path: string): WatchEvent => ({ type: 'dataChanged', path })

it('yields events in order, whether they arrive before or after they are read', async () => {
  const { stream, heard } = source()
  heard.watcher(event('/1'))
  const [first, second] = [stream.next(), stream.next()]
  await Promise.resolve()
  heard.watcher(event('/2'))
  expect(await first).toEqual({ done: false, value: event('/1') })
  expect(await second).toEqual({ done: false, value: event('/2') })
})

it('removes its watch when its reader leaves the loop', async () => {
  const { stream, disarm, heard } = source()
  heard.watcher(event('/1'))
  heard.watcher(event('/2'))
  for await (const { path } of stream) {
    expect(path).toBe('/1')
    break
  }
  expect(disarm).toHaveBeenCalledOnce()
  expect(await stream.next()).toEqual({ done: true, value: undefined })
})

it('yields the events from before the session ended, and ends', async () => {
  const { stream, disarm, heard } = source()
  heard.watcher(event('/1'))
  heard.end()
  const seen = []
  for await (const { path } of stream) seen.push(path)
  expect(seen).toEqual(['/1'])
  expect(disarm).not.toHaveBeenCalled()
})

it('ends when its watch is removed', async () => {
  const { stream, heard } = source()
  const next = stream.next()
  await stream.ready
  heard.watcher({ type: 'removed', path: '/' })
  expect(await next).toEqual({ done: true, value: undefined })
})

it('fails when the watch cannot be set', async () => {
  const { stream } = source(() => Promise.reject(new Error('no')))
  await expect(stream.next()).rejects.toThrow('no')
  await expect(stream.ready).rejects.toThrow('no')
})
