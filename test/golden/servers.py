"""Real Apache ZooKeeper servers on 127.0.0.1, and clients of theirs."""
import base64, hashlib, logging, os, socket, subprocess, time
from kazoo.client import KazooClient
from kazoo.exceptions import KazooException

CLASSPATH = os.environ.get('ZK_APACHE_CLASSPATH', '/etc/zookeeper/conf_example:/usr/share/java/zookeeper.jar')
# super:secret, so that the walk at the end may read everything.
SUPER = 'super:' + base64.b64encode(hashlib.sha1(b'super:secret').digest()).decode()
FLAGS = [
    '-Dzookeeper.DigestAuthenticationProvider.superDigest=' + SUPER,
    '-Dznode.container.checkIntervalMs=500',
    '-Dzookeeper.root.logger=WARN,CONSOLE',
    '-Dzookeeper.console.threshold=WARN',
]
SETTINGS = ['tickTime=2000', 'initLimit=10', 'syncLimit=5', 'clientPortAddress=127.0.0.1', 'admin.enableServer=false',
            '4lw.commands.whitelist=*', 'preAllocSize=1', 'extendedTypesEnabled=true', 'maxSessionTimeout=600000']

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
        """`lines` of zoo.cfg; a server that is started again may have others."""
        self.dir, self.port = os.path.join(root, f'data-{sid}'), port
        os.makedirs(self.dir)
        with open(os.path.join(self.dir, 'myid'), 'w') as f:
            f.write(str(sid))
        self.config = os.path.join(root, f'zoo-{sid}.cfg')
        self.log = os.path.join(root, f'{sid}.log')
        self.configure(lines)
        self.process = None
        self.flags = []
        Server.all.append(self)

    def configure(self, lines):
        with open(self.config, 'w') as f:
            f.write('\n'.join([*SETTINGS, f'dataDir={self.dir}', f'clientPort={self.port}', *lines]) + '\n')

    def start(self):
        with open(self.log, 'a') as log:
            self.process = subprocess.Popen(
                ['java', *FLAGS, *self.flags, '-cp', CLASSPATH, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', self.config],
                stdout=log, stderr=subprocess.STDOUT)

    @property
    def mode(self):
        """`leader`, `follower`, `observer`, `standalone`; none while it does not serve."""
        try:
            lines = word(self.port, 'srvr').splitlines()
        except OSError:
            return None
        return next((line.split()[1] for line in lines if line.startswith('Mode')), None)

    @property
    def zxid(self):
        return next(line.split()[1] for line in word(self.port, 'srvr').splitlines() if line.startswith('Zxid'))

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def cli(self, *command):
        subprocess.run(['java', *FLAGS, '-cp', CLASSPATH, 'org.apache.zookeeper.ZooKeeperMain', '-server',
                        f'127.0.0.1:{self.port}', *command], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60)


def client(port, timeout=300.0, of=None):
    """`of`: goes on with the session of that client, which is stopped."""
    session = None if of is None else of.last_session
    zk = KazooClient(f'127.0.0.1:{port}', timeout=timeout, client_id=session)
    zk.start(30)
    zk.last_session = zk.client_id
    zk.add_auth('digest', 'super:secret')
    return zk


def session_of(zk):
    return f'{zk.client_id[0] & (2**64 - 1):x}'
