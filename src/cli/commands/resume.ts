import { actionCommand } from '../action.ts'

export const command = actionCommand({
  verb: 'resume',
  summary: 'wake paused members',
  description: 'Wakes paused members. A leader that slept too long finds another in its place and follows.',
  waitingFor: 'waiting for the members to rejoin',
  examples: [
    ['zk-pseudo resume 1', 'the member with id 1'],
    ['zk-pseudo resume all', 'every paused member'],
  ],
})
