import { actionCommand } from '../action.ts'

export const command = actionCommand({
  verb: 'pause',
  summary: 'freeze members as SIGSTOP does',
  description:
    'Freezes members as SIGSTOP does, as a long garbage collection or a stalled disk would: sockets stay open, nothing moves. The others notice when syncLimit has passed.',
  waitingFor: 'waiting for the others to notice',
  examples: [
    ['zk-pseudo pause leader', 'a leader that hangs without being dead'],
    ['zk-pseudo resume all', 'wake every paused member'],
  ],
})
