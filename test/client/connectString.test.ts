import { expect, it } from 'vitest'
import { parseConnectString } from '../../src/client/connectString.ts'

it.each([
  ['localhost', [{ host: 'localhost', port: 2181 }], ''],
  [
    'a:1, b:2,',
    [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
    '',
  ],
  ['a:1/app/x/', [{ host: 'a', port: 1 }], '/app/x'],
  ['a:1/', [{ host: 'a', port: 1 }], ''],
  ['[::1]:2182/x', [{ host: '::1', port: 2182 }], '/x'],
])('%s is understood', (text, servers, chroot) => {
  expect(parseConnectString(text)).toEqual({ servers, chroot })
})

it.each(['', '/app', ',', 'a:0', 'a:65536', 'a:b', 'a:1:2', 'a:1//x'])('"%s" is refused', (text) => {
  expect(() => parseConnectString(text)).toThrow(TypeError)
})
