"""Nodes, versions, transactions, ACLs and watches as kazoo's users use them. Prints JSON lines."""
import threading

from harness import connect, say
from kazoo.exceptions import BadVersionError, NoAuthError, NodeExistsError, NoNodeError
from kazoo.security import make_digest_acl

a, b = connect(), connect()

a.ensure_path("/app/config")
a.create("/app/config/url", b"http://one", makepath=True)
b.sync("/app")
data, stat = b.get("/app/config/url")
say("create", data=data.decode(), version=stat.version, czxid=stat.czxid, mzxid=stat.mzxid)


def refused(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error:
        return True
    return False


say(
    "errors",
    exists=refused(NodeExistsError, a.create, "/app/config/url"),
    missing=refused(NoNodeError, a.get, "/nowhere"),
    version=refused(BadVersionError, a.set, "/app/config/url", b"x", version=7),
)

names = [a.create("/app/job-", b"", sequence=True, ephemeral=True) for _ in range(3)]
say("sequence", names=names)

transaction = a.transaction()
transaction.create("/app/t1", b"1")
transaction.check("/app/config/url", version=0)
transaction.set_data("/app/t1", b"2")
good = [str(result) if isinstance(result, str) else type(result).__name__ for result in transaction.commit()]
transaction = a.transaction()
transaction.create("/app/t2", b"1")
transaction.check("/app/config/url", version=99)
bad = [type(result).__name__ for result in transaction.commit()]
say("transaction", good=good, bad=bad, undone=a.exists("/app/t2") is None)

seen, changed, gone = [], threading.Event(), threading.Event()
# The two may be connected to different members.
b.sync("/app/config/url")


@b.DataWatch("/app/config/url")
def on_data(data, stat, event):
    seen.append(None if data is None else data.decode())
    if data == b"http://two":
        changed.set()
    if data is None:
        gone.set()


children, enough = [], threading.Event()


@b.ChildrenWatch("/app/config")
def on_children(names):
    children.append(sorted(names))
    if "other" in names:
        enough.set()


a.set("/app/config/url", b"http://two")
changed.wait(10)
a.create("/app/config/other")
enough.wait(10)
a.delete("/app/config/url")
gone.wait(10)
say("watch", seen=seen, children=children[:2])

a.add_auth("digest", "ann:secret")
a.create("/app/private", b"mine", acl=[make_digest_acl("ann", "secret", all=True)])
b.sync("/app/private")
denied = refused(NoAuthError, b.get, "/app/private")
b.add_auth("digest", "ann:secret")
say("acl", denied=denied, allowed=b.get("/app/private")[0].decode())

a.stop()
b.sync("/app")
say("ephemerals", left=[name for name in b.get_children("/app") if name.startswith("job-")])
b.stop()
