/** A systemd unit for one host: Apache ZooKeeper from /opt/zookeeper with the config in /etc/zookeeper. */
import type { ExportedHost } from './order.ts'

export const SYSTEMD_CONFIG = '/etc/zookeeper/zoo.cfg'
export const SYSTEMD_HOME = '/opt/zookeeper'

export function systemdUnit({ sid, host, flags, dataDir, dataLogDir }: ExportedHost): string {
  const folders = [...new Set([dataDir, dataLogDir])].map(escaped).join(' ')
  const lines = [
    '[Unit]',
    `Description=Apache ZooKeeper, server ${sid} on ${host}`,
    'Documentation=https://zookeeper.apache.org/doc/r3.8.4/',
    'After=network-online.target',
    'Wants=network-online.target',
    `RequiresMountsFor=${folders}`,
    '',
    '[Service]',
    'Type=simple',
    'User=zookeeper',
    'Group=zookeeper',
    'LogsDirectory=zookeeper',
    'Environment=ZOO_LOG_DIR=/var/log/zookeeper',
    ...(flags.length === 0 ? [] : [`Environment="JVMFLAGS=${escaped(flags.join(' '))}"`]),
    `ExecStart=${SYSTEMD_HOME}/bin/zkServer.sh start-foreground ${SYSTEMD_CONFIG}`,
    '# 143: Java ended by SIGTERM.',
    'SuccessExitStatus=143',
    'Restart=on-failure',
    'RestartSec=5',
    'LimitNOFILE=65536',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ]
  return `${lines.join('\n')}\n`
}

function escaped(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')
}
