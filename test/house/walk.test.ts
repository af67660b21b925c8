/** ARCHITECTURE.md walks a write through the code: each file once, and each is imported by one before it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = resolve('src')
const walk = filesOfWalk(readFileSync('ARCHITECTURE.md', 'utf8'))

/** The files that the section names, relative to src, in order. */
function filesOfWalk(text: string): string[] {
  const section = /^## How a write travels\n(.*?)^Reads /ms.exec(text)?.[1] ?? ''
  return [...section.matchAll(/`([\w/]+\.ts)`/g)].map(([, file]) => file as string)
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path]) =>
    relative(src, join(src, dirname(file), path as string)),
  )
}

describe('the walk of a write', () => {
  it('names each file once', () => {
    expect(walk.length).toBeGreaterThan(20)
    expect(new Set(walk).size).toBe(walk.length)
  })

  it.each(walk.map((file, i) => ({ file, before: walk.slice(0, i) })))(
    '$file is there, and a file before it leads to it',
    ({ file, before }) => {
      expect(existsSync(join(src, file))).toBe(true)
      if (before.length > 0) expect(before.flatMap(importsOf)).toContain(file)
    },
  )

  it('passes no callback in the core', () => {
    const functionProperty = /^\s+(?:private )?readonly (\w+): \([^)]*\) =>/gm
    const found = walk
      .filter((file) => file.startsWith('core/'))
      .flatMap((file) =>
        [...readFileSync(join(src, file), 'utf8').matchAll(functionProperty)].map(
          ([, name]) => `${file}: ${name}`,
        ),
      )
    // Effects leave the core through `emit`, its one way out.
    expect(found.filter((property) => !property.endsWith(': emit'))).toEqual([])
  })
})
