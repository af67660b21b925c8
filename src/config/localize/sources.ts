/**
 * The files of hosts as they were fetched to this machine: each zoo.cfg, and what belongs to it and may lie
 * beside it (its dynamic config file, `myid` or `data/myid`, and `java.env`).
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { settingsOfFlags } from '../jvmFlags.ts'
import type { SourceText } from '../load/parse.ts'
import { compareFiles, type Location, type Problem, problem } from '../problem.ts'
import type { LocalizeSource } from '../servers/localServer.ts'
import { settingsIn } from '../text/rewrite.ts'

/** @param paths zoo.cfg files, folders of `*.cfg` files, or folders of folders that have a zoo.cfg each */
export function readSources(paths: readonly string[]): { sources: LocalizeSource[]; problems: Problem[] } {
  const problems: Problem[] = []
  const files = paths.flatMap((path) => filesAt(path, problems))
  const read = files.flatMap((file) => {
    const text = textOf(file, problems)
    return text === null ? [] : [{ source: { file, text }, settings: settingsIn({ file, text }) }]
  })
  const sources = read.map(({ source, settings }) => {
    const dataDir = settings.get('dataDir') ?? ''
    const isShared = read.filter((other) => other.settings.get('dataDir') === dataDir).length > 1
    const beside = dirname(source.file)
    // When several hosts have the same dataDir, a myid there on this machine would belong to all of them.
    const places = [
      join(beside, 'myid'),
      join(beside, 'data', 'myid'),
      ...(isShared ? [] : [join(dataDir, 'myid')]),
    ]
    const isAlone = read.filter((other) => dirname(other.source.file) === beside).length === 1
    const flags = join(beside, 'java.env')
    return {
      ...source,
      dynamic: dynamicOf(source, settings.get('dynamicConfigFile') ?? null, problems),
      myid: read.length === 1 || !isAlone ? null : myidAt(places, problems),
      flags: existsSync(flags) ? settingsOfFlags(textOf(flags, problems) ?? '') : new Map<string, string>(),
    }
  })
  return { sources, problems }
}

function filesAt(path: string, problems: Problem[]): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  const names = readdirSync(path).sort(compareFiles)
  const files = names.filter((name) => name.endsWith('.cfg')).map((name) => join(path, name))
  if (files.length > 0) return files
  const inFolders = names.map((name) => join(path, name, 'zoo.cfg')).filter((file) => existsSync(file))
  if (inFolders.length > 0) return inFolders
  const message = 'has no .cfg files, and no folders with a zoo.cfg'
  problems.push(problem('error', { file: path, line: null }, message, 'name the files, or another folder'))
  return []
}

function textOf(file: string, problems: Problem[]): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const message = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`
    problems.push(problem('error', { file, line: null }, message, 'check the path'))
    return null
  }
}

/** The path is one of another machine, so a file of that name beside the zoo.cfg comes first. */
function dynamicOf(source: SourceText, path: string | null, problems: Problem[]): SourceText | null {
  if (path === null) return null
  const beside = join(dirname(source.file), basename(path))
  const file = [beside, resolve(path)].find((candidate) => existsSync(candidate))
  if (file !== undefined) return { file, text: textOf(file, problems) ?? '' }
  const message = `dynamicConfigFile ${path}: it is neither beside this file nor at that path`
  const hint = `fetch it too, and put it at ${beside}`
  problems.push(problem('error', { file: source.file, line: null }, message, hint))
  return null
}

function myidAt(places: readonly string[], problems: Problem[]): { sid: number; where: Location } | null {
  const file = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile())
  if (file === undefined) return null
  const text = (textOf(file, problems) ?? '').trim()
  const where = { file, line: 1 }
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { sid: Number(text), where }
  const hint = 'it holds one number, the id of its server'
  problems.push(problem('error', where, `myid "${text.slice(0, 40)}" is not a number`, hint))
  return null
}
