/** Addresses in every form that Apache accepts, and where clients on this machine reach a member. */
import { describe, expect, it } from 'vitest'
import { parseConnectString } from '../../src/client/connectString.ts'
import { parseConfig } from '../../src/config/load/parse.ts'
import { localize } from '../../src/config/localize/localize.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { clientEndpoint, endpointText } from '../../src/config/servers/clientEndpoint.ts'
import { withSid } from '../../src/config/servers/ownServer.ts'

const HEAD = ['dataDir=/data', 'initLimit=5', 'syncLimit=5']
const STORE = ['ssl.keyStore.location=/key.pem', 'ssl.clientAuth=none']

/** The endpoint of a server in a connect string by its file, and what is wrong with the file. */
function endpointOf(lines: string[], sid: number | null = null) {
  const parsed = parseConfig([...HEAD, ...lines, ''].join('\n'), 'zoo.cfg')
  const { config, problems } = withSid(parsed.config, sid, { file: 'myid', line: 1 })
  return {
    text: endpointText(clientEndpoint(config)),
    problems: [...parsed.problems, ...problems].map(formatProblem),
  }
}

const SECOND = 'server.2=127.0.0.1:3:4'
const THIRD = 'server.3=127.0.0.1:5:6'

describe('a connect string', () => {
  it.each([
    ['127.0.0.1:2181', ['clientPort=2181']],
    ['[::1]:2181', ['clientPort=2181', 'clientPortAddress=[::1]']],
    ['[::1]:2181', ['clientPort=2181', 'clientPortAddress=::1']],
    ['localhost:2181', ['clientPort=2181', 'clientPortAddress=localhost']],
    ['127.0.0.1:2181', ['clientPort=2181', 'clientPortAddress=0.0.0.0']],
    ['127.0.0.1:2181', ['clientPort=2181', 'clientPortAddress=::']],
    ['127.0.0.1:2181', ['clientPort=2181', 'clientPortAddress=[::]']],
    ['127.0.0.1:2181', ['clientPort=2181', 'clientPortAddress=0:0:0:0:0:0:0:0']],
    ['[::1]:2281', ['secureClientPort=2281', 'secureClientPortAddress=[::1]', ...STORE]],
    ['127.0.0.1:2281', ['secureClientPort=2281', 'secureClientPortAddress=0.0.0.0', ...STORE]],
    ['127.0.0.1:2181', ['clientPort=2181', 'secureClientPort=2281', ...STORE]],
  ])('has %s of %j', (text, lines) => {
    expect(endpointOf(lines)).toEqual({ text, problems: [] })
  })

  it.each([
    ['[::1]:2181', 'server.1=[::1]:1:2;[::1]:2181'],
    ['[::1]:2181', 'server.1=[::1]:1:2:participant;[0:0:0:0:0:0:0:1]:2181', '[0:0:0:0:0:0:0:1]:2181'],
    ['127.0.0.1:2181', 'server.1=127.0.0.1:1:2;2181'],
    ['[::1]:2181', 'server.1=[::1]:1:2;[::]:2181'],
    ['127.0.0.1:2181', 'server.1=0.0.0.0:1:2;0.0.0.0:2181'],
    ['127.0.0.1:2181', 'server.1=[::]:1:2;[::]:2181'],
    ['host:2181', 'server.1=host:1:2;0.0.0.0:2181'],
  ])('has %s of %s', (text, line, asWritten = text) => {
    expect(endpointOf([line, SECOND, THIRD], 1)).toEqual({ text: asWritten, problems: [] })
  })

  it('is read by our client in the form in which it is made', () => {
    expect(parseConnectString('[::1]:2181,localhost:2182')).toEqual({
      servers: [
        { host: '::1', port: 2181 },
        { host: 'localhost', port: 2182 },
      ],
      chroot: '',
    })
  })
})

it('compares addresses rather than how they are written', () => {
  const lines = ['clientPort=2181', 'clientPortAddress=[0:0:0:0:0:0:0:1]', 'server.1=[::1]:1:2;[::1]:2181']
  expect(endpointOf([...lines, SECOND, THIRD], 1).problems).toEqual([])
  const other = ['clientPort=2181', 'clientPortAddress=[::2]', 'server.1=[::1]:1:2;[::1]:2181']
  expect(endpointOf([...other, SECOND, THIRD], 1).problems).toEqual([
    expect.stringContaining('zoo.cfg:5: clientPortAddress ::2 differs from ::1 in zoo.cfg:6'),
  ])
})

describe('localize', () => {
  it('gives an ensemble that has only TLS no plain client port', () => {
    const lines = [...HEAD, 'secureClientPort=2281', ...STORE, 'server.1=a:1:2', 'server.2=[2001:db8::1]:3:4']
    const source = {
      file: 'zoo.cfg',
      text: `${lines.join('\n')}\n`,
      dynamic: null,
      myid: null,
      flags: new Map(),
    }
    const { members, problems } = localize([source], { out: '/out', exists: () => true })
    expect(problems).toEqual([])
    expect(members.map(({ ports }) => ports.secureClientPort)).toEqual([2281, 2282])
    for (const { text } of members) {
      expect(text).not.toMatch(/^clientPort/m)
      expect(text).toContain('secureClientPortAddress=127.0.0.1\n')
    }
  })
})

describe('a single server line', () => {
  it('must name the client port that the file names', () => {
    expect(endpointOf(['clientPort=2181', 'server.1=127.0.0.1:1:2;2182']).problems).toContainEqual(
      expect.stringContaining('zoo.cfg:4: clientPort 2181 differs from 2182 in zoo.cfg:5'),
    )
  })

  it('may give the client port and its address alone', () => {
    expect(endpointOf(['server.1=127.0.0.1:1:2;[::1]:2182']).text).toBe('[::1]:2182')
  })
})

it.each([
  ['clientPortAddress=127.0.0.1', 'clientPortAddress is set, but clientPort is not'],
  ['secureClientPortAddress=127.0.0.1', 'secureClientPortAddress is set, but secureClientPort is not'],
])('%s without its port is refused by Apache, and told', (line, message) => {
  const { problems } = endpointOf([line, 'server.1=127.0.0.1:1:2;2181', SECOND, THIRD], 1)
  expect(problems).toContainEqual(expect.stringContaining(message))
})

describe('a port with TLS that no client can get through', () => {
  const X509 = 'authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider'
  const KEYS = ['secureClientPort=2281', 'ssl.keyStore.location=/key.pem']
  const TRUST = 'ssl.trustStore.location=/trust.pem'

  it.each([
    ['nothing takes certificates', [TRUST], /:4: .*no authProvider takes certificates.*authProvider.x509=/s],
    ['nothing verifies them', [X509], /:4: .*ssl.trustStore.location is missing/s],
    ['it is written out', [TRUST, 'ssl.clientAuth=NEED'], /no authProvider takes certificates/],
  ])('is warned of: certificates are needed, and %s', (_, lines, expected) => {
    expect(endpointOf([...KEYS, ...lines]).problems).toEqual([expect.stringMatching(expected)])
  })

  it.each([[[TRUST, X509]], [['ssl.clientAuth=none']], [['ssl.clientAuth=want']]])(
    'is not one with %s',
    (lines) => {
      expect(endpointOf([...KEYS, ...lines]).problems).toEqual([])
    },
  )
})
