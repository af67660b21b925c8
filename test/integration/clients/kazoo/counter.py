"""
The counter recipe: three clients add at once. Without a fault the total is exact. When the leader dies the recipe
repeats an addition whose answer it lost, so such an addition may count twice; what was acknowledged counts.
"""
import threading

from harness import Workers, connect, kill_the_leader, say
from kazoo.exceptions import ConnectionLoss
from kazoo.recipe.counter import Counter

clients = [connect() for _ in range(3)]
each = 20
unanswered = []


class ObservedCounter(Counter):
    def _inner_change(self, value):
        try:
            super()._inner_change(value)
        except ConnectionLoss:
            unanswered.append(value)
            raise


def totals(path):
    for client in clients:
        client.retry(client.sync, path)
    return [client.retry(lambda: client.Counter(path).value) for client in clients]


def add(client):
    counter = client.Counter("/counter")
    for _ in range(each):
        counter += 1


calm = Workers()
for client in clients:
    calm.start(add, client)
calm.join()
say("counted", totals=totals("/counter"), expected=each * len(clients))

added, killed = [], threading.Event()


def add_on(client):
    counter, after = ObservedCounter(client, "/kill-counter"), 0
    while after < each:
        after += killed.is_set()
        counter += 1
        added.append(1)


storm = Workers()
for client in clients:
    storm.start(add_on, client)
kill_the_leader()
killed.set()
storm.join()
say("after", totals=totals("/kill-counter"), added=len(added), unanswered=len(unanswered))
for client in clients:
    client.stop()
