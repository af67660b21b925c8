/**
 * Conversations about the newer reads and the persistent watches, asked of Apache ZooKeeper 3.8.0,
 * standalone.
 */
import {
  acl,
  addWatch,
  auth,
  checkWatches,
  close,
  create,
  exists,
  getAllChildrenNumber,
  getChildren,
  getData,
  getEphemerals,
  multi,
  raw,
  remove,
  removeWatches,
  type Step,
  say,
  setAcl,
  setData,
  setWatches2,
  whoAmI,
} from './conversation.ts'

const PERSISTENT = 0
const RECURSIVE = 1
const [CHILDREN, DATA, ANY] = [1, 2, 3]

/** What happens to a node and below it; every kind of watch hears of its own part. */
const life: Step[] = [
  say('w', create('/p')),
  say('w', setData('/p', 'x')),
  say('w', setAcl('/p', [acl(31, 'world', 'anyone')])),
  say('w', create('/p/c'), create('/p/c/d', '', 1)),
  say('w', setData('/p/c/d', 'y'), setData('/p/c/d', 'y')),
  say('w', multi(create('/p/m'), setData('/p/m', 'z'), remove('/p/m'))),
  say('w', remove('/p/c/d'), remove('/p/c'), remove('/p')),
  say('w', create('/p'), create('/pq'), create('/other')),
]

export const READ_SCRIPTS: Record<string, readonly Step[]> = {
  'a persistent watch': [say('a', addWatch('/p', PERSISTENT)), ...life, say('a', getData('/p'))],
  'a recursive watch': [say('a', addWatch('/p', RECURSIVE)), ...life, say('a', getData('/p'))],
  'a recursive watch of everything': [say('a', addWatch('/', RECURSIVE)), ...life],
  'a recursive watch below another': [
    say('a', addWatch('/', RECURSIVE), addWatch('/p/c', RECURSIVE), addWatch('/p', PERSISTENT)),
    ...life,
  ],
  'watches armed again': [
    say('w', create('/seen'), create('/gone')),
    say('w', setData('/seen', '1'), remove('/gone')),
    say('a', setWatches2(0, ['/seen', '/gone'], ['/deep'])),
    say('w', setData('/seen', '2'), create('/deep'), create('/deep/x'), create('/gone')),
    say('a', checkWatches('/seen', ANY), checkWatches('/deep', ANY), removeWatches('/deep', ANY)),
  ],
  'removing watches': [
    say('w', create('/p'), create('/q')),
    say('a', removeWatches('/p', ANY), checkWatches('/p', ANY), removeWatches('', ANY)),
    say('a', getData('/p', true), getChildren('/p', true), checkWatches('/p', ANY)),
    say('a', checkWatches('/p', CHILDREN), checkWatches('/p', DATA)),
    say('a', removeWatches('/p', CHILDREN), checkWatches('/p', CHILDREN), checkWatches('/p', DATA)),
    say('w', create('/p/1'), setData('/p', 'x')),
    say('a', removeWatches('/p', DATA)),
    say('a', exists('/none', true), removeWatches('/none', DATA)),
    say('a', addWatch('/q', PERSISTENT), removeWatches('/q', ANY), removeWatches('/q', ANY)),
    say('w', create('/q/1'), setData('/q', 'x'), create('/none')),
    say('a', addWatch('/q', RECURSIVE), removeWatches('/q', ANY), removeWatches('/q/1', ANY)),
    say('w', create('/q/2'), setData('/q', 'y')),
  ],
  'unknown kinds of watches': [
    say('a', addWatch('/p', 2), addWatch('/p', -1), addWatch('p', 0), addWatch('', 1), addWatch('/p/', 1)),
    say('a', checkWatches('/p', 0), removeWatches('/p', 6), checkWatches('/p', -1), removeWatches('/p', 99)),
    say('a', raw(106, ''), raw(17, '00'), raw(18, '0000'), raw(105, '00'), raw(103, 'ff'), raw(104, '')),
    say('w', create('/p'), create('/p/q')),
  ],
  'events and permissions': [
    say('owner', auth('digest', 'owner:x')),
    say('a', addWatch('/s', RECURSIVE), addWatch('/s/open', PERSISTENT), exists('/s/late', true)),
    say('owner', create('/s')),
    say('owner', create('/s/open'), create('/s/closed', '', 0, [acl(31, 'auth', '')])),
    say('a', exists('/s/closed', true), exists('/s/closed')),
    say('owner', setData('/s/closed', 'x'), create('/s/closed/below'), remove('/s/closed/below')),
    say('owner', setAcl('/s', [acl(31, 'auth', '')]), setAcl('/s/open', [acl(31, 'auth', '')])),
    say('a', getChildren('/s', true), exists('/s')),
    say('owner', setData('/s/open', 'x'), create('/s/open/c'), remove('/s/open/c'), remove('/s/open')),
    say('owner', create('/s/late'), remove('/s/closed'), remove('/s/late'), setData('/s', '')),
    say('a', auth('digest', 'owner:x')),
    say('owner', create('/s/late', '', 0, [acl(31, 'auth', '')]), remove('/s/late'), remove('/s')),
  ],
  'ephemerals of a session': [
    say('a', getEphemerals('/'), create('/e', '', 1), create('/dir'), create('/dir/e', '', 3)),
    say('b', create('/b', '', 1), getEphemerals(''), getEphemerals('/')),
    say('a', getEphemerals('/'), getEphemerals('/dir'), getEphemerals('/d'), getEphemerals('dir')),
    say(
      'a',
      getEphemerals(' '),
      getEphemerals(' / '),
      getEphemerals('/none'),
      remove('/e'),
      getEphemerals(''),
    ),
    say('b', close),
    say('a', exists('/b')),
  ],
  'children at every depth': [
    say('a', getAllChildrenNumber('/'), getAllChildrenNumber('/zookeeper'), getAllChildrenNumber('/none')),
    say(
      'a',
      create('/n'),
      create('/n/1'),
      create('/n/1/2'),
      create('/n/1/2/3'),
      create('/n2'),
      create('/n/4'),
    ),
    say('a', getAllChildrenNumber('/'), getAllChildrenNumber('/n'), getAllChildrenNumber('/n/1')),
    say('a', getAllChildrenNumber('/n/4'), getAllChildrenNumber('n'), getAllChildrenNumber('/n/')),
    say(
      'a',
      auth('digest', 'a:b'),
      create('/shut', '', 0, [acl(4, 'auth', '')]),
      getAllChildrenNumber('/shut'),
    ),
  ],
  // Auth packets may overtake: each step waits for the one before.
  'who am I': [
    say('a', whoAmI),
    say('a', auth('digest', 'alice:secret')),
    say('a', whoAmI),
    say('a', auth('digest', 'bob:x'), auth('digest', 'alice:secret'), auth('digest', 'nobody')),
    say('a', whoAmI),
    say('a', auth('ip', '')),
    say('a', whoAmI),
  ],
}
