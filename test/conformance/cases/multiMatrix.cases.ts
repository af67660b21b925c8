/** Generated: the results of a multi, by the kinds of its parts and by which of them fails. */
import { matrix } from '../matrix.ts'
import * as op from '../operations.ts'

type Part = (path: string) => op.Operation

const good: Record<string, Part> = {
  create: (path) => op.create(`${path}/new`),
  create2: (path) => op.create2(`${path}/new`),
  'create sequential': (path) => op.create(`${path}/s-`, { flags: op.Flag.sequential }),
  delete: (path) => op.remove(`${path}/old`),
  setData: (path) => op.setData(path),
}

const bad: Record<string, Part> = {
  'create of what exists': (path) => op.create(`${path}/old`),
  'create without parent': (path) => op.create(`${path}/no/new`),
  'create of a bad path': (path) => op.create(`${path}/a\0b`),
  'create with a bad ACL': (path) => op.create(`${path}/new2`, { acl: [] }),
  'create below an ephemeral': (path) => op.create(`${path}/e/new`),
  'delete of nothing': (path) => op.remove(`${path}/no`),
  'delete of a parent': (path) => op.remove(path),
  'delete of a wrong version': (path) => op.remove(`${path}/old`, 7),
  'setData of nothing': (path) => op.setData(`${path}/no`),
  'setData of a wrong version': (path) => op.setData(path, 'x', 7),
  'check of nothing': (path) => op.check(`${path}/no`, 0),
  'check of a wrong version': (path) => op.check(path, 7),
  'setData that is forbidden': (path) => op.setData(`${path}/locked`),
  'create that is forbidden': (path) => op.create(`${path}/locked/new`),
}

const orders: Record<string, (good: op.Operation, bad: op.Operation) => op.Operation[]> = {
  'good alone': (g) => [g],
  'bad alone': (_, b) => [b],
  'good, bad': (g, b) => [g, b],
  'bad, good': (g, b) => [b, g],
  'good, bad, bad': (g, b) => [g, b, b],
}

for (const [name, part] of Object.entries(good))
  matrix(`a multi of ${name}`, {
    table: `multi-${name.replaceAll(' ', '-')}`,
    rows: bad,
    columns: orders,
    skip: (row, column) => column === 'good alone' && row !== 'create of what exists',
    async observe(at, wrong, order) {
      const path = `${at.root}/n`
      const session = await at.open()
      await session.must(op.create(path))
      await session.must(op.create(`${path}/old`))
      await session.must(op.create(`${path}/e`, { flags: op.Flag.ephemeral }))
      await session.must(op.create(`${path}/locked`, { acl: [[1, 'world', 'anyone']] }))
      const answer = await session.do(op.multi(...order(part(path), wrong(path))))
      if (answer.outcome !== 'ok') return answer.outcome
      const results = (answer.value.results as op.PartResult[]).map(
        ({ type, err }) => `${type} ${op.errorText(err)}`,
      )
      const { stat, children } = await session.must(op.getChildren2(path))
      return [...results, `version ${stat.version}`, `children ${children}`]
    },
  })
