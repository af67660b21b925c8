"""TreeCache: what it holds is the tree, before the leader's death and after changes that it could not be told of."""
import threading

from harness import connect, kill_the_leader, say, until
from kazoo.recipe.cache import TreeCache, TreeEvent

writer, reader = connect(), connect()
for path in ("/cached/a/1", "/cached/a/2", "/cached/b"):
    writer.create(path, path.encode(), makepath=True)
events, faults = [], []
cache = TreeCache(reader, "/cached")
ready = threading.Event()


@cache.listen
def on_event(event):
    events.append(event.event_type)
    if event.event_type == TreeEvent.INITIALIZED:
        ready.set()


cache.listen_fault(lambda error: faults.append(type(error).__name__))


def tree(children, data, path="/cached"):
    found = {path: data(path)}
    for name in children(path) or ():
        found.update(tree(children, data, path + "/" + name))
    return found


def cached():
    return tree(cache.get_children, lambda path: getattr(cache.get_data(path), "data", None))


def actual():
    writer.retry(writer.sync, "/cached")
    return tree(
        lambda path: writer.retry(writer.get_children, path), lambda path: writer.retry(writer.get, path)[0]
    )


cache.start()
ready.wait(15)
until("the cache to be filled", lambda: cached() == actual())
# While the reader cannot hear of it: the kill comes first, so its connection is gone or new.
kill_the_leader()
writer.retry(writer.set, "/cached/a/1", b"changed")
writer.retry(writer.create, "/cached/c/d/e", b"new", makepath=True)
writer.retry(writer.delete, "/cached/a/2")
until("the cache to be right again", lambda: cached() == actual())
writer.retry(writer.set, "/cached/c/d/e", b"newer")
until("a watch set after the kill", lambda: cached() == actual())
say(
    "done",
    cached={path: data.decode() for path, data in cached().items()},
    suspended=TreeEvent.CONNECTION_SUSPENDED in events,
    reconnected=TreeEvent.CONNECTION_RECONNECTED in events,
    lost=TreeEvent.CONNECTION_LOST in events,
)
cache.close()
reader.stop()
writer.stop()
