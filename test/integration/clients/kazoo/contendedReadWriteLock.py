"""
The read and the write lock on one path, wanted by several processes at once. kazoo 2.8.0's reader waits for writers
that queued up behind it, too, while they wait for it, with any ZooKeeper: so who waits gives up and asks again.
"""
from contention import contend


def make(client, kind, name):
    return (client.WriteLock if kind == "alone" else client.ReadLock)("/read-write", name)


contend(make, ["together", "alone", "together"], patience=0.3)
