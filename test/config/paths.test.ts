// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as people write them into config files
/** Paths that do not mean what they say. */
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load/parse.ts'
import { localize } from '../../src/config/localize/localize.ts'
import { formatProblem } from '../../src/config/problem.ts'

const problemsOf = (line: string) => {
  const text = `dataDir=/data\nclientPort=2181\n${line}\n`
  return parseConfig(text, 'zoo.cfg')
    .problems.filter(({ severity }) => severity === 'error')
    .map(formatProblem)
}

it.each([
  ['dataDir=~/zk', 'dataDir ~/zk is taken literally, and ~ is no home folder here; write the whole path'],
  ['dataDir=~', 'dataDir ~ is taken'],
  ['dataDir=~anna/zk', 'dataDir ~anna/zk is taken'],
  [
    'dataDir=${DATA_DIR}',
    'dataDir ${DATA_DIR} is taken literally, and nothing is put in place of ${DATA_DIR}',
  ],
  ['dataDir=/x/${DATA_DIR:-y}/z', 'nothing is put in place of ${DATA_DIR:-y}'],
  ['dataDir=$HOME/zk', 'nothing is put in place of $HOME'],
  ['dataDir=$(pwd)/zk', 'nothing is put in place of $(pwd)'],
  ['dataDir=%APPDATA%/zk', 'nothing is put in place of %APPDATA%'],
  ['dataDir={{ zk.dir }}', 'nothing is put in place of {{ zk.dir }}'],
  ['dataDir=<path>', 'nothing is put in place of <path>'],
  [
    'dataDir="/quoted"',
    'dataDir "/quoted" is taken literally, and the quotes are part of the name; write /quoted',
  ],
  ["dataDir='/quoted'", 'the quotes are part of the name'],
  ['dataDir=D:\\\\zk', 'dataDir D:\\zk is taken literally, and it is a path of Windows'],
  ['dataDir=D:\\zk', 'it is a path of Windows'],
  ['dataDir=C:/zk', 'it is a path of Windows'],
  ['dataDir=\\\\\\\\server\\\\zk', 'it is a path of Windows'],
  ['dataDir=file:///zk', 'it is a URL; write the path alone, /zk'],
  ['dataLogDir=~/zk', 'dataLogDir ~/zk is taken'],
  ['dynamicConfigFile=${D}/zoo.dynamic', 'dynamicConfigFile ${D}/zoo.dynamic is taken'],
  ['oraclePath=~/oracle', 'oraclePath ~/oracle is taken'],
  ['java.security.auth.login.config="/jaas"', 'java.security.auth.login.config "/jaas" is taken'],
  ['ssl.keyStore.location=~/key.pem', 'ssl.keyStore.location ~/key.pem is taken'],
  ['ssl.trustStore.passwordPath=$HOME/pass', 'ssl.trustStore.passwordPath $HOME/pass is taken'],
  ['ssl.quorum.keyStore.location=~/key.pem', 'ssl.quorum.keyStore.location ~/key.pem is taken'],
])('%s is an error in its line', (line, message) => {
  const found = problemsOf(line).find((problem) => problem.includes('is taken literally'))
  expect(found).toContain(message)
  expect(found).toContain('zoo.cfg:3: ')
})

it.each([
  'dataDir=/var/lib/zoo keeper',
  'dataDir=data/~backup',
  'dataDir=/a/zk~',
  'dataDir=/mnt/c$/zk',
  'dataDir=./zk%20data',
  "dataDir=/o'brien/zk",
  'dataDir=/ab:cd',
])('%s is a path', (line) => {
  expect(problemsOf(line)).toEqual([])
})

describe('localize', () => {
  it('replaces the folders of another machine, whatever they are called there', () => {
    const text =
      'initLimit=1\nsyncLimit=1\ndataDir=${DATA_DIR}\ndataLogDir=D:\\\\logs\nclientPort=2181\nserver.1=a:1:2\nserver.2=b:1:2\n'
    const source = { file: 'zoo.cfg', text, dynamic: null, myid: null, flags: new Map<string, string>() }
    const { members, problems } = localize([source], { out: '/out', exists: () => true })
    expect(problems).toEqual([])
    expect(members.map(({ dataDir }) => dataDir)).toEqual(['/out/data/1', '/out/data/2'])
  })
})
