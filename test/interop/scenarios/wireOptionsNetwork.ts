/**
 * Options about connections and queues, in all members at once: Apache's members then send, close and batch
 * differently, and ours must be able to read that, whether they act on the option or not. Also several
 * addresses for each member, of which ours use the first.
 */
import { course } from '../course.ts'
import type { Scenario } from '../scenario.ts'

const QUEUES = {
  'learner.asyncSending': 'true',
  'learner.closeSocketAsync': 'true',
  'leader.closeSocketAsync': 'true',
  'follower.skipLearnerRequestToNextProcessor': 'true',
  'commitProcessor.numWorkerThreads': '2',
  'commitProcessor.maxReadBatchSize': '3',
  'commitProcessor.maxCommitBatchSize': '7',
  flushDelay: '3',
  maxWriteQueuePollTime: '5',
  maxBatchSize: '20',
}
const CONNECTIONS = {
  tcpKeepAlive: 'true',
  clientTcpKeepAlive: 'true',
  cnxTimeout: '1000',
  quorumListenOnAllIPs: 'true',
  electionAlg: '3',
  'quorum.cnxn.threads.size': '5',
  electionPortBindRetry: '1',
  leaderConnectDelayDuringRetryMs: '50',
  connectToLearnerMasterLimit: '10',
  'leader.maxTimeToWaitForEpoch': '3000',
  'fastleader.minNotificationInterval': '100',
}

export const wireOptionsNetwork: Scenario = {
  name: 'wireOptionsNetwork',
  title: 'options of queues and connections; several addresses',
  where: ['AZZ', 'ZAA', 'AZZaz'],
  core: [],
  timeoutMs: 300_000,
  async play(_, stage) {
    const ensemble = await stage.start({ set: { ...QUEUES, ...CONNECTIONS } })
    await course(ensemble)
    await ensemble.close()
    // With this option Apache uses another version of the election's first message
    // (QuorumCnxManager.InitialMessage).
    const several = await stage.start({
      set: { 'multiAddress.enabled': 'true', 'multiAddress.reachabilityCheckTimeoutMs': '500' },
      edit: (_, text) =>
        text.replace(/^(server\.\d+=)127\.0\.0\.1:(\d+):(\d+)/gm, '$1127.0.0.1:$2:$3|127.0.0.2:$2:$3'),
    })
    await course(several)
  },
}
