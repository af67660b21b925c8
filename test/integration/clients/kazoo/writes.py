"""Creates and sets without pause through the leader's death: every acknowledged one is there, through each member."""
import sys
import threading

from harness import Workers, connect, kill_the_leader, say, wait_for_go
from kazoo.exceptions import ConnectionLoss, NodeExistsError

clients = [connect() for _ in range(3)]
clients[0].ensure_path("/writes")
acknowledged, killed = {}, threading.Event()


def write(number, client):
    count = after = 0
    while after < 50:
        after += killed.is_set()
        count += 1
        path = "/writes/%d-%d" % (number, count)
        try:
            # A batch on its way at once, as an asynchronous program has it.
            created = client.create_async(path, b"1")
            changed = client.set_async(path, b"2")
            created.get(15)
            acknowledged[path] = {b"1", b"2"}
            changed.get(15)
            acknowledged[path] = {b"2"}
        except (ConnectionLoss, NodeExistsError):
            pass


workers = Workers()
for number, client in enumerate(clients):
    workers.start(write, number, client)
kill_the_leader()
killed.set()
workers.join()
wait_for_go("bring it back")
wrong = []
for host in sys.argv[1].split(","):
    reader = connect(host)
    reader.sync("/writes")
    for path, allowed in acknowledged.items():
        data = reader.get(path)[0] if reader.exists(path) else None
        if data not in allowed:
            wrong.append("%s %s %s" % (host, path, data))
    reader.stop()
say("done", acknowledged=len(acknowledged), wrong=wrong)
for client in clients:
    client.stop()
