/** The project's sources, parsed, for the checks of this folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const SKIPPED: ReadonlySet<string> = new Set(['node_modules', 'dist', 'build', 'results', 'apache-3.8.0'])

export interface SourceFile {
  /** From the project's root. */
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path)
    return /\.(ts|mjs|cjs)$/.test(entry.name) ? [path] : []
  })
}

const CONFIGS = ['vitest.config.ts', '.dependency-cruiser.mjs']

export const sources: readonly SourceFile[] = [
  ...['src', 'test', 'bench', 'scripts'].flatMap(filesBelow),
  ...CONFIGS,
].map((path) => {
  const text = readFileSync(path, 'utf8')
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) }
})

/** Number of the line, from 1, at a position of the text. */
export function lineAt({ tree }: SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line + 1
}

/** Every node below this one, itself included. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  for (const child of node.getChildren()) yield* nodesOf(child)
}
