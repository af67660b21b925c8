import { actionCommand } from '../action.ts'

export const command = actionCommand({
  verb: 'kill',
  summary: 'end members like kill -9; tell who takes over',
  description:
    'Ends members abruptly, like kill -9: nothing is flushed, no goodbye is said. Returns when their ports are free and the ensemble has a leader again or it is certain that it can have none.',
  waitingFor: 'waiting for the ensemble to settle',
  examples: [
    ['zk-pseudo kill leader', 'see who takes over, and how fast'],
    ['zk-pseudo kill 1', 'the member with id 1'],
    ['zk-pseudo kill majority', 'take the quorum away'],
    ['zk-pseudo kill 1 2', 'both of them'],
    ['zk-pseudo kill follower:1', 'member 1, if it follows'],
  ],
})
