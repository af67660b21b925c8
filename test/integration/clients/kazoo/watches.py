"""DataWatch and ChildrenWatch through the leader's death: they never show older things, and the last one is right."""
import threading

from harness import Workers, connect, content, fresh, kill_the_leader, say, until
from kazoo.exceptions import ConnectionLoss, NodeExistsError

writer, reader = connect(), connect()
writer.ensure_path("/watched/children")
writer.create("/watched/data", b"0")
values, counts, names = [], [], []
reader.sync("/watched")


@reader.DataWatch("/watched/data")
def on_data(data, stat):
    values.append([int(data), stat.version, stat.mzxid])


children_watch = reader.ChildrenWatch("/watched/children")


@children_watch
def on_children(children):
    counts.append(len(children))
    names[:] = sorted(children)


def ask_again(state):
    """
    kazoo's ChildrenWatch notes that its watch is set after the answer has come. When the connection breaks in between, it
    takes the watch for set on the next one, where nobody asked for it (seen: the server had none), and is silent for good.
    """
    if state == "CONNECTED":
        reader.handler.spawn(children_watch._get_children)


reader.add_listener(ask_again)

killed, acknowledged = threading.Event(), []


def write():
    number = after = 0
    while after < 20:
        after += killed.is_set()
        number += 1
        writer.retry(writer.set, "/watched/data", b"%d" % number)
        try:
            writer.create("/watched/children/%04d" % number)
            acknowledged.append("%04d" % number)
        except (ConnectionLoss, NodeExistsError):
            pass


workers = Workers()
workers.start(write)
until("the first events", lambda: len(values) > 3 and len(counts) > 3)
seen = len(values)
kill_the_leader()
killed.set()
workers.join()
last, children = content(writer, "/watched/data"), fresh(writer, "/watched/children")
until("the watches to catch up", lambda: str(values[-1][0]) == last and names == children)
say(
    "done",
    values=values,
    counts=counts,
    after=len(values) - seen,
    last=int(last),
    missing=sorted(set(acknowledged) - set(children)),
    lost=reader.lost or writer.lost,
)
reader.stop()
writer.stop()
