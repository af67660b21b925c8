"""Drives real Apache ZooKeeper servers through every transaction type, and keeps their directories: see README.md.

For each case: expected.json has every znode as a client saw it last (data base64 or hash, ACL, Stat in the order of
znodes.STAT), the sessions still open, those closed, those that were never anything but local, and the last zxid.
"""
import json, os, shutil, tempfile
from servers import Server, client, free_ports, session_of, wait_for
from znodes import all_kinds, pump, touch, walk


class Sessions:
    """Clients whose sessions end in some way; none of those still open may be closed before its server is dead."""

    def __init__(self):
        self.open, self.closed, self.local, self.clients = [], [], [], []

    def keep(self, zk):
        self.clients.append(zk)
        self.open.append(session_of(zk))
        return zk

    def keep_local(self, zk):
        self.clients.append(zk)
        self.local.append(session_of(zk))
        return zk

    def close(self, zk):
        self.closed.append(session_of(zk))
        zk.stop()


def expect(case, server, walker, sessions):
    walker.sync('/')
    nodes = dict(walk(walker))
    lines = ',\n'.join(f'{json.dumps(path, ensure_ascii=False)}:'
                       f'{json.dumps(node, separators=(",", ":"))}' for path, node in sorted(nodes.items()))
    head = {'zxid': server.zxid, 'open': sessions.open, 'closed': sessions.closed, 'local': sessions.local}
    os.makedirs(case, exist_ok=True)
    with open(os.path.join(case, 'expected.json'), 'w') as out:
        out.write(json.dumps(head)[:-1] + ', "nodes": {\n' + lines + '\n}}\n')
    print(case, head['zxid'], len(nodes), 'znodes', flush=True)


def keep(case, server, name='data'):
    shutil.copytree(server.dir, os.path.join(case, name))
    print(case, name, sorted(os.listdir(os.path.join(case, name, 'version-2'))), flush=True)


def short_lived(sessions, zk):
    zk.create('/short-lived', b'', ephemeral=True)
    zk.create('/short-lived-seq-', b'', ephemeral=True, sequence=True)
    sessions.close(zk)


def snapshots(server):
    folder = os.path.join(server.dir, 'version-2')
    names = [name for name in os.listdir(folder) if name.startswith('snapshot.')]
    return [os.path.join(folder, name) for name in sorted(names, key=lambda name: int(name.split('.')[1], 16))]


def fuzzy(server):
    """Snapshots in which a zxid stands that is greater than that in their name, and not only before the digest."""
    found = []
    for path in snapshots(server):
        with open(path, 'rb') as file:
            bytes = file.read()
        label = int(path.rsplit('.', 1)[1], 16)
        if not bytes.endswith(b'\0\0\0\1/'):
            continue
        reach = int.from_bytes(bytes[-33:-25], 'big')
        if any(zxid.to_bytes(8, 'big') in bytes[:-33] for zxid in range(label + 1, reach + 1)):
            found.append(path)
    return found


def prune(server):
    """Many snapshots were taken to get a fuzzy one: that, the first two and the last stay, and all logs."""
    paths = snapshots(server)
    for path in set(paths) - set(paths[:2]) - set(fuzzy(server)) - set(paths[-1:]):
        os.remove(path)


def standalone(root):
    """One server, with 3.8's defaults but for snapCount."""
    [port] = free_ports(1)
    # Slow enough for a client to write while a snapshot of so small a tree is taken, and writes do not wait for the disk.
    server = Server(root, 1, port, ['snapCount=40', 'forceSync=no'])
    server.flags = ['-Xint']
    server.start()
    wait_for('the server', lambda: server.mode)
    sessions = Sessions()
    zk = sessions.keep(client(port))
    sessions.keep(client(port)).create('/ephemeral', b'lives', ephemeral=True)
    short_lived(sessions, client(port))
    all_kinds(zk, server)
    while not fuzzy(server):
        touch(zk)
    expect('standalone', server, zk, sessions)
    server.kill()
    prune(server)
    keep('standalone', server)
    return sessions


def options(root):
    """One server in three lives, killed after each: every compression, without digests, closeSession without paths."""
    [port] = free_ports(1)
    server = Server(root, 1, port, [])
    sessions = Sessions()
    lives = [
        ['snapshot.compression.method=gz', 'snapCount=40'],
        ['snapshot.compression.method=snappy', 'digest.enabled=false', 'snapCount=1000'],
        ['closeSessionTxn.enabled=false', 'snapCount=1000'],
    ]
    zk = None
    for number, lines in enumerate(lives, 1):
        server.configure(lines)
        server.start()
        wait_for('the server', lambda: server.mode)
        zk = sessions.keep(client(port)) if zk is None else client(port, of=zk)
        zk.create(f'/life-{number}', b'')
        zk.create(f'/life-{number}/ephemeral', b'', ephemeral=True)
        short_lived(sessions, client(port))
        if number == 1:
            pump(zk, '/pumped', 40)
            # Larger than the blocks that snappy streams are cut into; gone before a plain snapshot.
            zk.create('/large', bytes(range(256)) * 129)
        if number == 2:
            zk.delete('/large')
        if number == 3:
            expect('options', server, zk, sessions)
        server.kill()
        # Without a server it cannot close its session, which the next life's client goes on with.
        zk.stop()
    keep('options', server)
    return sessions


def ensemble(root):
    """Three voters and an observer, reconfigured, in their second epoch; local sessions, of which some are upgraded."""
    ports = free_ports(12)
    roles = ['participant', 'participant', 'participant', 'observer']
    lines = [f'server.{i + 1}=127.0.0.1:{ports[4 + i]}:{ports[8 + i]}:{roles[i]};127.0.0.1:{ports[i]}'
             for i in range(4)]
    common = ['reconfigEnabled=true', 'localSessionsEnabled=true', 'localSessionsUpgradingEnabled=true',
              'snapCount=120', 'preAllocSize=0', *lines]
    servers = [Server(root, i + 1, ports[i], common + (['peerType=observer'] if i == 3 else [])) for i in range(4)]
    for server in servers:
        server.start()
    wait_for('four servers', lambda: all(s.mode for s in servers))
    in_mode = lambda mode, among: [s for s in among if s.mode == mode]
    sessions = Sessions()
    follower = in_mode('follower', servers)[0]
    other = in_mode('follower', servers)[1]
    observer = servers[3]
    # Local until it has an ephemeral.
    upgraded = client(follower.port)
    upgraded.create('/ephemeral', b'lives', ephemeral=True)
    sessions.keep(upgraded)
    of_observer = client(observer.port)
    of_observer.create('/ephemeral-of-observer', b'lives', ephemeral=True)
    sessions.keep(of_observer)
    short_lived(sessions, client(follower.port))
    zk = sessions.keep_local(client(follower.port))
    sessions.keep_local(client(observer.port)).create('/from-observer', b'')
    all_kinds(zk, follower)
    leaving = servers.index(other)
    zk.reconfig(joining=None, leaving=str(leaving + 1), new_members=None)
    zk.reconfig(joining=lines[leaving], leaving=None, new_members=None)
    pump(zk, '/pumped', 20)
    wait_for('all to be there', lambda: all(s.mode for s in servers))
    # A second epoch: the leader goes.
    leader = in_mode('leader', servers)[0]
    leader.kill()
    rest = [s for s in servers if s is not leader]
    wait_for('a new leader', lambda: in_mode('leader', rest) and all(s.mode for s in rest))
    wait_for('the sessions to move on', lambda: upgraded.exists('/plain') and of_observer.exists('/plain'))
    wait_for('a write', lambda: upgraded.create('/second-epoch-', b'', sequence=True))
    pump(upgraded, '/second-epoch', 10)
    new_leader = in_mode('leader', rest)[0]
    expect('ensemble', new_leader, upgraded, sessions)
    zxid = new_leader.zxid
    wait_for('all to be even', lambda: all(s.zxid == zxid for s in rest))
    kept = {'leader': new_leader, 'follower': in_mode('follower', rest)[0], 'observer': observer}
    for server in rest:
        server.kill()
    for name, server in kept.items():
        keep('ensemble', server, name)
        for file in os.listdir(root):
            _, found, version = file.partition(os.path.basename(server.config) + '.dynamic.')
            if found:
                shutil.copy(os.path.join(root, file), os.path.join('ensemble', name, f'zoo.cfg.dynamic.{version}'))
    return sessions


def main():
    kept = []
    with tempfile.TemporaryDirectory() as root:
        for case in (standalone, options, ensemble):
            folder = os.path.join(root, case.__name__)
            os.makedirs(folder)
            try:
                kept.append(case(folder))
            except BaseException:
                for log in sorted(os.listdir(folder)):
                    if log.endswith('.log'):
                        with open(os.path.join(folder, log)) as lines:
                            print(log, lines.read()[-1500:])
                raise
            finally:
                for server in Server.all:
                    server.kill()
    # Sessions must not be closed: their clients end with this process.
    os._exit(0)


if __name__ == '__main__':
    main()
