"""Every kind of znode and, on the way, every type of transaction; and how a client sees them."""
import base64, hashlib, struct
from kazoo.exceptions import KazooException
from kazoo.security import ACL, Id, make_digest_acl
from servers import wait_for

STAT = ('czxid', 'mzxid', 'ctime', 'mtime', 'version', 'cversion', 'aversion', 'ephemeralOwner', 'dataLength',
        'numChildren', 'pzxid')
CREATE_CONTAINER, CREATE_TTL = 19, 21


def refused(action, *args, **kwargs):
    try:
        action(*args, **kwargs)
    except KazooException:
        return
    raise SystemExit('should have been refused')


class Part:
    """A part of a multi that kazoo has no name for."""

    def __init__(self, kind, path, flags, ttl=None):
        self.type, self.path, self.flags, self.ttl = kind, path, flags, ttl

    def serialize(self):
        path, scheme, who = self.path.encode(), b'world', b'anyone'
        text = lambda b: struct.pack('>i', len(b)) + b
        acl = struct.pack('>ii', 1, 31) + text(scheme) + text(who)
        tail = struct.pack('>i', self.flags) + (b'' if self.ttl is None else struct.pack('>q', self.ttl))
        return text(path) + text(b'part') + acl + tail


def plain(zk, server):
    zk.create('/plain', b'data')
    zk.create('/empty', b'')
    # With the Stat asked for it is a create2.
    zk.create('/with-stat', b'', include_data=True)
    server.cli('create', '/null')
    zk.create('/plain/child', b'1')
    zk.create('/plain/\u00e9l\u00e8ve \u65e5\u672c', '\u00fcber'.encode())
    zk.create('/zeros', bytes(1200))
    for _ in range(3):
        zk.create('/plain/seq-', b'', sequence=True)
    zk.create('/gone', b'')
    zk.set('/plain', b'second')
    zk.set('/plain', b'third')
    zk.delete('/gone')


def acls(zk):
    zk.create('/protected', b'secret', acl=[make_digest_acl('bob', 'pass', all=True)])
    zk.create('/mixed', b'', acl=[ACL(1, Id('world', 'anyone')), ACL(31, Id('ip', '127.0.0.1'))])
    zk.create('/changed-acl', b'')
    zk.set_acls('/changed-acl', [ACL(31, Id('ip', '10.0.0.0/8')), ACL(1, Id('world', 'anyone'))])
    zk.set_acls('/changed-acl', [ACL(31, Id('ip', '127.0.0.0/8')), ACL(1, Id('world', 'anyone'))])
    zk.create('/many-acls', b'')
    for i in range(12):
        zk.create(f'/many-acls/{i}', b'', acl=[ACL(1 + i, Id('ip', f'127.0.0.{n}')) for n in range(1 + i)])
    # An ACL that nobody has any more.
    zk.delete('/many-acls/5')


def kinds(zk, server):
    server.cli('create', '-c', '/container', 'kept')
    zk.create('/container/child', b'')
    server.cli('create', '-c', '/doomed-container', 'x')
    zk.create('/doomed-container/child', b'')
    server.cli('create', '-t', '86400000', '/ttl', 'day')
    server.cli('create', '-s', '-t', '86400000', '/ttl-', 'sequential')
    server.cli('create', '-t', '10', '/doomed-ttl', 'x')
    server.cli('setquota', '-n', '100', '/plain')
    server.cli('setquota', '-b', '100000', '/many-acls')
    server.cli('setquota', '-N', '50', '/container')
    # Containers are deleted once they had a child and have none, TTL nodes when their time is over.
    zk.delete('/doomed-container/child')
    wait_for('the container and the TTL node to go',
             lambda: not zk.exists('/doomed-container') and not zk.exists('/doomed-ttl'))


def multis(zk):
    multi = zk.transaction()
    multi.create('/multi', b'')
    multi.create('/multi/a', b'a')
    multi.set_data('/multi', b'b')
    multi.check('/plain', zk.exists('/plain').version)
    multi.create('/multi/b', b'')
    multi.delete('/multi/b')
    multi.commit()
    special = zk.transaction()
    special.operations.append(Part(CREATE_CONTAINER, '/multi/container', 4))
    special.operations.append(Part(CREATE_TTL, '/multi/ttl', 5, 86400000))
    try:
        special.commit()
    except struct.error:
        # kazoo cannot read the answer to these parts.
        pass
    zk.create('/multi/container/child', b'')
    assert zk.exists('/multi/ttl')
    failing = zk.transaction()
    failing.create('/never', b'')
    failing.check('/plain', 77)
    failing.delete('/multi')
    failing.commit()
    refused(zk.create, '/plain', b'')
    refused(zk.delete, '/plain')
    refused(zk.set, '/absent', b'')


def all_kinds(zk, server):
    plain(zk, server)
    acls(zk)
    kinds(zk, server)
    multis(zk)


def pump(zk, base, count):
    """Writes without waiting, so that a snapshot taken meanwhile is fuzzy."""
    zk.create(base, b'')
    pending = []
    for i in range(count):
        pending.append(zk.set_async(base, b'%d' % i))
        if i % 3 == 0:
            pending.append(zk.create_async(f'{base}/{i}', b'x'))
        if i % 6 == 2:
            pending.append(zk.set_async(f'{base}/{i - 2}', b'y'))
        if i % 6 == 5:
            pending.append(zk.delete_async(f'{base}/{i - 2}'))
    for each in pending:
        each.get(30)


def touch(zk):
    """Writes all over the tree, one after the other: whatever a snapshot visits late may have changed meanwhile."""
    for path in ['/plain', '/with-stat', '/multi/a', '/mixed', '/container/child', '/many-acls/3', '/protected']:
        zk.set(path, b'touched')


def shown(data):
    """Data as base64; where there is much of it, its hash."""
    if data is None:
        return None
    return base64.b64encode(data).decode() if len(data) <= 100 else 'sha256:' + hashlib.sha256(data).hexdigest()


def walk(zk, path='/'):
    data, s = zk.get(path)
    acl, _ = zk.get_acls(path)
    stat = {name: getattr(s, name) for name in STAT}
    # As text: sessions need more bits than JSON's readers have.
    stat['ephemeralOwner'] = f"{stat['ephemeralOwner'] & (2**64 - 1):x}"
    yield path, {'data': shown(data), 'acl': [[a.perms, a.id.scheme, a.id.id] for a in acl],
                 'stat': [stat[name] for name in STAT]}
    for child in sorted(zk.get_children(path)):
        yield from walk(zk, ('' if path == '/' else path) + '/' + child)
