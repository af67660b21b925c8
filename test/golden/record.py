"""Drives real Apache ZooKeeper servers through every transaction type, and keeps their directories.

For each case: <case>/data is a dataDir as a killed server left it, <case>/expected.json every znode as a
client saw it last (data base64, ACL, Stat as on the wire), the sessions still open, and the last zxid.
"""
import base64, json, logging, os, shutil, signal, socket, subprocess, tempfile, time
from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.security import ACL, Id, make_digest_acl

CLASSPATH = os.environ.get('ZK_APACHE_CLASSPATH', '/etc/zookeeper/conf_example:/usr/share/java/zookeeper.jar')
# super:secret, so that the walk at the end may read everything.
SUPER = 'super:' + base64.b64encode(__import__('hashlib').sha1(b'super:secret').digest()).decode()
FLAGS = [
    '-Dzookeeper.DigestAuthenticationProvider.superDigest=' + SUPER,
    '-Dznode.container.checkIntervalMs=500',
    '-Dzookeeper.root.logger=WARN,CONSOLE',
    '-Dzookeeper.console.threshold=WARN',
]


logging.getLogger('kazoo').setLevel(logging.CRITICAL)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(('127.0.0.1', 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def word(port, what):
    with socket.create_connection(('127.0.0.1', port), timeout=5) as s:
        s.sendall(what.encode())
        answer = b''
        while chunk := s.recv(65536):
            answer += chunk
        return answer.decode()


def wait_for(what, check, seconds=40):
    end = time.time() + seconds
    while time.time() < end:
        try:
            if check():
                return
        except (OSError, KazooException):
            pass
        time.sleep(0.1)
    raise SystemExit(f'waited {seconds} s for {what}')


class Server:
    all = []

    def __init__(self, root, sid, port, lines):
        self.dir, self.port = os.path.join(root, f'data-{sid}'), port
        os.makedirs(self.dir)
        open(os.path.join(self.dir, 'myid'), 'w').write(str(sid))
        self.config = os.path.join(root, f'zoo-{sid}.cfg')
        self.log = os.path.join(root, f'{sid}.log')
        settings = ['tickTime=2000', 'initLimit=10', 'syncLimit=5', f'dataDir={self.dir}', f'clientPort={port}',
                    'clientPortAddress=127.0.0.1', 'admin.enableServer=false', '4lw.commands.whitelist=*',
                    'preAllocSize=64', 'extendedTypesEnabled=true', 'maxSessionTimeout=600000']
        open(self.config, 'w').write('\n'.join(settings + lines) + '\n')
        self.process = None
        Server.all.append(self)

    def start(self):
        self.process = subprocess.Popen(
            ['java', *FLAGS, '-cp', CLASSPATH, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', self.config],
            stdout=open(self.log, 'a'), stderr=subprocess.STDOUT)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def cli(self, *command):
        subprocess.run(['java', *FLAGS, '-cp', CLASSPATH, 'org.apache.zookeeper.ZooKeeperMain', '-server',
                        f'127.0.0.1:{self.port}', *command], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60)


def client(port, timeout=300.0):
    zk = KazooClient(f'127.0.0.1:{port}', timeout=timeout)
    zk.start(30)
    return zk


def refused(action, *args, **kwargs):
    try:
        action(*args, **kwargs)
    except KazooException:
        return
    raise SystemExit('should have been refused')


def znodes(zk, server):
    """Every kind of znode and, on the way, every type of transaction."""
    zk.create('/plain', b'data')
    zk.create('/empty', b'')
    # With the Stat asked for it is a create2.
    zk.create('/with-stat', b'', include_data=True)
    server.cli('create', '/null')
    zk.create('/plain/child', b'1')
    zk.create('/plain/\u00e9l\u00e8ve \u65e5\u672c', '\u00fcber'.encode())
    zk.create('/large', bytes(range(256)) * 200)
    zk.create('/zeros', bytes(3000))
    for _ in range(3):
        zk.create('/plain/seq-', b'', sequence=True)
    zk.create('/gone', b'')
    zk.set('/plain', b'second')
    zk.set('/plain', b'third')
    zk.delete('/gone')
    zk.create('/protected', b'secret', acl=[make_digest_acl('bob', 'pass', all=True)])
    zk.create('/mixed', b'', acl=[ACL(1, Id('world', 'anyone')), ACL(31, Id('ip', '127.0.0.1'))])
    zk.create('/changed-acl', b'')
    zk.set_acls('/changed-acl', [ACL(31, Id('ip', '10.0.0.0/8')), ACL(1, Id('world', 'anyone'))])
    zk.set_acls('/changed-acl', [ACL(31, Id('ip', '127.0.0.0/8')), ACL(1, Id('world', 'anyone'))])
    server.cli('create', '-c', '/container', 'kept')
    zk.create('/container/child', b'')
    server.cli('create', '-c', '/doomed-container', 'x')
    zk.create('/doomed-container/child', b'')
    server.cli('create', '-t', '86400000', '/ttl', 'day')
    server.cli('create', '-s', '-t', '86400000', '/ttl-', 'sequential')
    server.cli('create', '-t', '10', '/doomed-ttl', 'x')
    server.cli('setquota', '-n', '100', '/plain')
    # Containers are deleted once they had a child and have none, TTL nodes when their time is over.
    zk.delete('/doomed-container/child')
    wait_for('the container and the TTL node to go',
             lambda: not zk.exists('/doomed-container') and not zk.exists('/doomed-ttl'))
    multi = zk.transaction()
    multi.create('/multi', b'')
    multi.create('/multi/a', b'a')
    multi.set_data('/multi', b'b')
    multi.check('/plain', zk.exists('/plain').version)
    multi.create('/multi/b', b'')
    multi.delete('/multi/b')
    multi.commit()
    failing = zk.transaction()
    failing.create('/never', b'')
    failing.check('/plain', 77)
    failing.delete('/multi')
    failing.commit()
    refused(zk.create, '/plain', b'')
    refused(zk.delete, '/plain')
    refused(zk.set, '/absent', b'')


def stat(s):
    return {name: getattr(s, name) for name in ('czxid', 'mzxid', 'ctime', 'mtime', 'version', 'cversion', 'aversion',
                                               'ephemeralOwner', 'dataLength', 'numChildren', 'pzxid')}


def walk(zk, path='/'):
    data, s = zk.get(path)
    acls, _ = zk.get_acls(path)
    yield path, {
        'data': None if data is None else base64.b64encode(data).decode(),
        'acl': [{'perms': a.perms, 'scheme': a.id.scheme, 'id': a.id.id} for a in acls],
        'stat': stat(s),
    }
    for child in sorted(zk.get_children(path)):
        yield from walk(zk, ('' if path == '/' else path) + '/' + child)


def finish(server, living):
    """Walks the tree with a session that stays open, then kills the server and keeps its directory."""
    zk = client(server.port)
    zk.add_auth('digest', 'super:secret')
    zk.sync('/')
    nodes = dict(walk(zk))
    srvr = word(server.port, 'srvr')
    zxid = next(line.split()[1] for line in srvr.splitlines() if line.startswith('Zxid'))
    sessions = [c.client_id[0] for c in [*living, zk]]
    return {'zxid': zxid, 'sessions': [f'{s & (2**64 - 1):x}' for s in sessions], 'nodes': nodes}, zk


def keep(case, server, expected):
    shutil.rmtree(os.path.join(case, 'data'), ignore_errors=True)
    shutil.copytree(server.dir, os.path.join(case, 'data'))
    with open(os.path.join(case, 'expected.json'), 'w') as out:
        json.dump(expected, out, indent=1, sort_keys=True, ensure_ascii=False)
        out.write('\n')
    print(case, expected['zxid'], len(expected['nodes']), 'znodes',
          sorted(os.listdir(os.path.join(case, 'data', 'version-2'))), flush=True)


def churn(zk, count):
    for i in range(count):
        zk.create(f'/churn-{i}', b'x' * i)
        if i % 2:
            zk.delete(f'/churn-{i}')


def standalone(root):
    [port] = free_ports(1)
    server = Server(root, 1, port, ['snapCount=60'])
    server.start()
    wait_for('the server', lambda: 'Mode' in word(port, 'srvr'))
    zk = client(port)
    zk.add_auth('digest', 'super:secret')
    other = client(port)
    short = client(port)
    short.create('/short-lived', b'', ephemeral=True)
    short.create('/short-lived-seq-', b'', ephemeral=True, sequence=True)
    other.create('/ephemeral', b'lives', ephemeral=True)
    znodes(zk, server)
    short.stop()
    churn(zk, 60)
    expected, last = finish(server, [zk, other])
    server.kill()
    keep('standalone', server, expected)
    return [zk, other, last]


def member(root):
    ports = free_ports(9)
    lines = [f'server.{i + 1}=127.0.0.1:{ports[3 + i]}:{ports[6 + i]};127.0.0.1:{ports[i]}' for i in range(3)]
    servers = [Server(root, i + 1, ports[i], ['reconfigEnabled=true', 'snapCount=100000', *lines]) for i in range(3)]
    for server in servers:
        server.start()
    wait_for('three servers', lambda: all('Mode' in word(s.port, 'srvr') for s in servers))
    follower = next(s for s in servers if 'Mode: follower' in word(s.port, 'srvr'))
    zk = client(follower.port)
    zk.add_auth('digest', 'super:secret')
    ephemeral = client(follower.port)
    ephemeral.create('/ephemeral', b'lives', ephemeral=True)
    short = client(follower.port)
    short.create('/short-lived', b'', ephemeral=True)
    short.stop()
    znodes(zk, follower)
    index = next(i for i, s in enumerate(servers) if s is not follower and 'Mode: follower' in word(s.port, 'srvr'))
    zk.reconfig(joining=None, leaving=str(index + 1), new_members=None)
    zk.reconfig(joining=lines[index].split('=')[0] + '=' + lines[index].split('=')[1], leaving=None, new_members=None)
    churn(zk, 10)
    # A second epoch: the leader goes, the follower whose directory is kept follows or leads the next one.
    leader = next(s for s in servers if 'Mode: leader' in word(s.port, 'srvr'))
    leader.kill()
    wait_for('a new leader', lambda: any('Mode: leader' in word(s.port, 'srvr') for s in servers if s is not leader))
    wait_for('the session to move on', lambda: zk.exists('/plain'))
    wait_for('a write', lambda: zk.create('/second-epoch-', b'', sequence=True))
    expected, last = finish(follower, [zk, ephemeral])
    for server in servers:
        if server is not leader:
            server.kill()
    keep('member', follower, expected)
    return [zk, ephemeral, last]


def main():
    with tempfile.TemporaryDirectory() as root:
        for name, case in (('standalone', standalone), ('member', member)):
            os.makedirs(os.path.join(root, name))
            try:
                case(os.path.join(root, name))
            except BaseException:
                for log in sorted(os.listdir(os.path.join(root, name))):
                    if log.endswith('.log'):
                        print(log, open(os.path.join(root, name, log)).read()[-1500:])
                raise
            finally:
                for server in Server.all:
                    server.kill()
    # Sessions must not be closed: their clients end with this process.
    os._exit(0)


if __name__ == '__main__':
    main()
