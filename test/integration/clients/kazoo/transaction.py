"""
Transactions while the leader dies: both halves of one are there, or neither; the acknowledged ones are there; and
money moved between two accounts is neither made nor lost.
"""
import threading

from harness import Workers, connect, fresh, kill_the_leader, say
from kazoo.exceptions import ConnectionLoss

clients = [connect() for _ in range(3)]
first = clients[0]
for path in ("/halves/left", "/halves/right", "/accounts"):
    first.ensure_path(path)
first.create("/accounts/a", b"1000")
first.create("/accounts/b", b"0")
for client in clients:
    client.sync("/accounts")
acknowledged, refusals, killed = [], [], threading.Event()


def transact(number, client):
    count = after = 0
    while after < 15:
        after += killed.is_set()
        count += 1
        name = "%d-%d" % (number, count)
        try:
            (a, a_stat), (b, b_stat) = client.get("/accounts/a"), client.get("/accounts/b")
            transaction = client.transaction()
            transaction.create("/halves/left/" + name)
            transaction.set_data("/accounts/a", b"%d" % (int(a) - 1), version=a_stat.version)
            transaction.set_data("/accounts/b", b"%d" % (int(b) + 1), version=b_stat.version)
            transaction.create("/halves/right/" + name)
            results = transaction.commit()
        except ConnectionLoss:
            continue
        if any(isinstance(result, Exception) for result in results):
            refusals.append([type(result).__name__ for result in results])
        else:
            acknowledged.append(name)


workers = Workers()
for number, client in enumerate(clients):
    workers.start(transact, number, client)
kill_the_leader()
killed.set()
workers.join()
left, right = fresh(first, "/halves/left"), fresh(first, "/halves/right")
a, b = (int(first.retry(first.get, "/accounts/" + name)[0]) for name in "ab")
expected = {"BadVersionError", "RolledBackError", "RuntimeInconsistency"}
strange = [names for names in refusals if names.count("BadVersionError") != 1 or set(names) - expected]
say(
    "done",
    left=left,
    right=right,
    accounts=[a, b],
    acknowledged=acknowledged,
    strange_refusals=strange,
)
for client in clients:
    client.stop()
