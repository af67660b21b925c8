/**
 * Prints a play's trace for people: Apache's as it was recorded, beside one that is played now; 100 columns
 * wide.
 */
import { aligned } from './compare.ts'
import { allOf, plays, readGolden } from './golden.ts'
import { type Scene, sceneBlocks } from './normal/trace.ts'
import { perform } from './perform.ts'
import { recordingUnavailable } from './recording/addresses.ts'

const USAGE = `usage: node test/trace/show.mjs PLAY [ARRANGEMENT] [SCENE]

  PLAY         ${plays.map(({ name }) => name).join(', ')}
  ARRANGEMENT  a letter a member, A for Apache ZooKeeper's, Z for ours; ZZZ unless given.
               "recorded": plays nothing, and prints what Apache's members said when it was recorded
  SCENE        only scenes whose title has this in it
`

const WIDTH = 100
const COLUMN = Math.floor((WIDTH - 3) / 2)

/** @returns the exit code */
export async function show([name, arrangement, part = '']: readonly string[]): Promise<number> {
  const play = plays.find((one) => one.name === name)
  const missing = recordingUnavailable()
  if (play === undefined || (missing !== undefined && arrangement !== 'recorded')) {
    console.error(play === undefined ? USAGE : missing)
    return 2
  }
  const golden = readGolden(play)
  if (arrangement === 'recorded') {
    for (const scene of golden) if (scene.title.includes(part)) print(one(scene))
    return 0
  }
  const who = arrangement ?? allOf('Z', play)
  const { scenes } = await perform(play, who)
  print([beside("Apache's, as recorded", ' ', who), rule])
  for (const scene of golden) {
    if (scene.title.includes(part))
      print(
        two(
          scene,
          scenes.find(({ title }) => title === scene.title),
        ),
      )
  }
  return 0
}

const rule = '-'.repeat(WIDTH)

function print(lines: readonly string[]): void {
  console.log(lines.join('\n'))
}

function one(scene: Scene): string[] {
  const blocks = [...sceneBlocks(scene)]
  const lines = blocks.flatMap(([block, texts]) => [
    block,
    ...texts.flatMap((text) => wrapped(text, WIDTH - 2, '  ')),
  ])
  return ['', `## ${scene.title}`, ...lines]
}

function two(recorded: Scene, played: Scene | undefined): string[] {
  const left = sceneBlocks(recorded)
  const right = sceneBlocks(played)
  const blocks = [...new Set([...left.keys(), ...right.keys()])]
  const lines = blocks.flatMap((block) => {
    const rows = aligned(left.get(block) ?? [], right.get(block) ?? [])
    return [block, ...rows.flatMap(({ mark, text }) => row(mark, text))]
  })
  return ['', `## ${recorded.title}`, ...lines]
}

/** Lines of both stand side by side; `<` and `>` mark those that only one of them has. */
function row(mark: '=' | '-' | '+', text: string): string[] {
  const pieces = wrapped(text, COLUMN, '')
  return pieces.map((piece) => {
    if (mark === '=') return beside(piece, '|', piece)
    return mark === '-' ? beside(piece, '<', '') : beside('', '>', piece)
  })
}

function beside(left: string, mark: string, right: string): string {
  return `${left.padEnd(COLUMN)} ${mark} ${right}`.trimEnd()
}

/** Breaks lines at blanks; continuation lines are indented. */
function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(' ')) {
    const isFirst = line.trim() === ''
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line)
      line = `${indent}    ${word}`
    } else line = isFirst ? `${line}${word}` : `${line} ${word}`
  }
  return [...lines, line].flatMap((long) => long.match(new RegExp(`.{1,${width}}`, 'g')) ?? [''])
}
