/**
 * A docker-compose.yml for the official image. The entry point of the image makes a zoo.cfg and a myid only
 * where there is none, and gives the data folders to its own user. Strings are written as JSON, which is
 * valid YAML, and `$` is doubled for Compose.
 *
 * A server that may be reconfigured writes beside its zoo.cfg and renames it. A mounted file cannot be
 * renamed, so the config is then in the data folder, and zkServer.sh is given its name.
 */
import type { ExportedHost, ExportOrder } from './order.ts'

/** The place of the config in the host's folder, and its name for zkServer.sh; null where that needs none. */
export function composePlaces({ isReconfigurable }: Pick<ExportOrder, 'isReconfigurable'>): {
  config: string
  named: string | null
} {
  return isReconfigurable
    ? { config: 'data/zoo.cfg', named: '/data/zoo.cfg' }
    : { config: 'zoo.cfg', named: null }
}

export function composeFile(order: ExportOrder): string {
  const services = order.hosts.flatMap((host) => service(host, order))
  return `${['# docker compose up -d; clients connect where the members were on this machine.', 'services:', ...services].join('\n')}\n`
}

function service(host: ExportedHost, order: ExportOrder): string[] {
  const { folder, flags, clientPort, presentClientPort, dataDir, dataLogDir } = host
  const { named } = composePlaces(order)
  const mounts = [
    ...(named === null ? [`./${folder}/zoo.cfg:/conf/zoo.cfg`] : []),
    `./${folder}/data:${dataDir}`,
    ...(dataLogDir === dataDir ? [] : [`./${folder}/datalog:${dataLogDir}`]),
    ...host.files.map((file) => `${file}:${file}:ro`),
  ]
  const lines = [
    `${host.host}:`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose fills it in
    '  image: ${ZOOKEEPER_IMAGE:-zookeeper:3.8}',
    `  hostname: ${quoted(host.host)}`,
    '  restart: unless-stopped',
    ...(named === null ? [] : [`  command: ["zkServer.sh", "start-foreground", ${quoted(named)}]`]),
    '  ports:',
    `    - ${quoted(`127.0.0.1:${presentClientPort}:${clientPort}`)}`,
    '  volumes:',
    ...mounts.map((mount) => `    - ${quoted(mount)}`),
    ...(flags.length === 0 ? [] : ['  environment:', `    JVMFLAGS: ${quoted(flags.join(' '))}`]),
  ]
  return lines.map((text) => `  ${text}`)
}

function quoted(text: string): string {
  return JSON.stringify(text.replaceAll('$', '$$$$'))
}
