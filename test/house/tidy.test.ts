/**
 * What keeps the code easy to read, and can be counted. Each finding says where; a reason stands beside each
 * exception.
 */
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { lineAt, nodesOf, type SourceFile, sources } from './sources.ts'

const MOST_LINES = 400
const MOST_FUNCTION_LINES = 70
const MOST_COLUMNS = 110

/** File to the reason why it is longer. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'test/conformance/cases/extended.cases.ts': 'the cases of one topic',
  'test/core/requests/writeScripts.ts': 'a table of cases',
  'test/interop/mixedEnsemble.ts': 'one class, which scenarios read from top to bottom',
  'test/simulation/world.ts': 'one world: its parts are in files of their own',
  'test/storage/recovery.test.ts': 'the cases of one function',
  'test/storage/snapshot.test.ts': 'the cases of one format',
}
/** What these export is for others than the package itself. */
const PUBLISHED: readonly string[] = [
  'src/ensemble/index.ts',
  'src/client/index.ts',
  // The pool of threads calls what this exports.
  'src/host/threadMember.ts',
]

describe('the sources', () => {
  it('are files of one idea', () => {
    const long = sources.filter(
      ({ path, text }) => text.split('\n').length > MOST_LINES + 1 && !(path in LONG_FILES),
    )
    expect(long.map(({ path, text }) => `${path}: ${text.split('\n').length - 1} lines`)).toEqual([])
    expect(Object.keys(LONG_FILES).filter((path) => !existsSync(path))).toEqual([])
  })

  it('have functions that fit a screen', () => {
    expect(sources.filter(({ path }) => path.startsWith('src/')).flatMap(longFunctions)).toEqual([])
  })

  it('have comments that fit beside each other', () => {
    expect(sources.flatMap(wideComments)).toEqual([])
  })

  it('export only what something uses', () => {
    const used = usedNames()
    const dead = sources
      .filter(({ path }) => path.startsWith('src/') && !PUBLISHED.includes(path))
      .flatMap((source) =>
        exportedNames(source)
          .filter((name) => !used.has(`${source.path} ${name}`) && !used.has(`${source.path} *`))
          .map((name) => `${source.path}: ${name}`),
      )
    expect(dead).toEqual([])
  })

  it('are named in one form', () => {
    const named = sources.filter(({ path }) => path.includes('/') && !path.endsWith('.d.ts'))
    const names = named.map(({ path }) => path.split('/').at(-1) as string)
    const odd = names.filter(
      (name) =>
        !/^[a-z][A-Za-z0-9]*(\.(test|property|property\.test|cases|config))?\.(ts|mjs|cjs)$/.test(name),
    )
    expect(odd).toEqual([])
  })
})

function longFunctions(source: SourceFile): string[] {
  return [...nodesOf(source.tree)].flatMap((node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return []
    const lines = lineAt(source, node.end) - lineAt(source, node.getStart()) + 1
    return lines > MOST_FUNCTION_LINES
      ? [`${source.path}:${lineAt(source, node.getStart())}: ${lines} lines`]
      : []
  })
}

function wideComments(source: SourceFile): string[] {
  const found = new Set<string>()
  for (const node of nodesOf(source.tree)) {
    const comments = [
      ...(ts.getLeadingCommentRanges(source.text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(source.text, node.end) ?? []),
    ]
    for (const { pos, end } of comments) {
      const first = lineAt(source, pos)
      for (let line = first; line <= lineAt(source, end); line++)
        if (lineText(source, line).length > MOST_COLUMNS) found.add(`${source.path}:${line}`)
    }
  }
  return [...found]
}

function lineText({ tree, text }: SourceFile, line: number): string {
  const starts = tree.getLineStarts()
  return text.slice(starts[line - 1], starts[line]).trimEnd()
}

function exportedNames({ tree }: SourceFile): string[] {
  return tree.statements.flatMap((statement) => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (!isExported) return []
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) =>
        ts.isIdentifier(name) ? [name.text] : [],
      )
    const { name } = statement as ts.DeclarationStatement
    return name === undefined ? [] : [name.text]
  })
}

/**
 * `path name` for each name that another file imports or re-exports; `path *` where it takes the whole
 * module.
 */
function usedNames(): Set<string> {
  const used = new Set<string>()
  for (const { path, tree } of sources) {
    for (const node of nodesOf(tree)) {
      const target = moduleOf(node)
      if (target === null) continue
      const file = normalize(join(dirname(path), target))
      for (const name of namesOf(node)) used.add(`${file} ${name}`)
    }
  }
  return used
}

function moduleOf(node: ts.Node): string | null {
  if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
    return (node.moduleSpecifier as ts.StringLiteral).text
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return ts.isStringLiteral(node.arguments[0] as ts.Node)
      ? (node.arguments[0] as ts.StringLiteral).text
      : null
  if (
    ts.isImportTypeNode(node) &&
    ts.isLiteralTypeNode(node.argument) &&
    ts.isStringLiteral(node.argument.literal)
  )
    return node.argument.literal.text
  return null
}

function namesOf(node: ts.Node): string[] {
  const bindings = ts.isImportDeclaration(node)
    ? node.importClause?.namedBindings
    : ts.isExportDeclaration(node)
      ? node.exportClause
      : undefined
  if (bindings === undefined || ts.isNamespaceImport(bindings) || ts.isNamespaceExport(bindings)) return ['*']
  return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text)
}
