"""Queues: what was put is taken once, by priority, though the leader dies between put and get or under way."""
import threading

from harness import Workers, connect, kill_the_leader, say
from kazoo.exceptions import ConnectionLoss, NoNodeError

a, b, c = connect(), connect(), connect()

# A plain queue: half is taken before, half after.
queue = a.Queue("/queue")
for number in range(6):
    queue.put(b"late-%d" % number, priority=200)
    queue.put(b"soon-%d" % number, priority=50)
b.sync("/queue")
taken = [b.Queue("/queue").get().decode() for _ in range(3)]

# A locking queue: two put and two take all the while. A put without an answer may be there or not.
put, unsure, processed = [], [], []
killed, all_put = threading.Event(), threading.Event()


def produce(client, name):
    entries, number, after = client.LockingQueue("/work"), 0, 0
    while after < 20:
        after += killed.is_set()
        entry, number = "%s-%d" % (name, number), number + 1
        try:
            entries.put(entry.encode())
            put.append(entry)
        except ConnectionLoss:
            unsure.append(entry)


def consume(client, forever=True):
    entries = client.LockingQueue("/work")
    while True:
        try:
            entry = entries.get(timeout=0.2)
        except ConnectionLoss:
            continue
        if entry is None:
            if all_put.is_set() or not forever:
                return
            continue
        processed.append(entry.decode())
        while entries.processing_element:
            try:
                entries.consume()
            except ConnectionLoss:
                pass
            except NoNodeError:
                # The first answer was lost, and the entry was consumed.
                entries.processing_element = None


producers, consumers = Workers(), Workers()
producers.start(produce, a, "a")
producers.start(produce, b, "b")
takers = [connect(), connect()]
for taker in takers:
    consumers.start(consume, taker)
kill_the_leader()
killed.set()
producers.join()
all_put.set()
consumers.join()
# An entry that was taken with the answer lost stays taken for as long as the taker's session lives.
for taker in takers:
    taker.stop()
c.retry(c.sync, "/work")
consume(c, forever=False)

other = c.Queue("/queue")
while len(other):
    taken.append(other.get().decode())
say("done", taken=taken, put=put, unsure=unsure, processed=processed, left=len(c.LockingQueue("/work")))
for client in (a, b, c):
    client.stop()
