"""
Several processes want in at once. Each round journals `+name kind` inside and `-name kind` before it goes out,
in a file that all processes append to: its order is the order in which things happened. Whoever is alone inside
also adds one to a znode without minding its version, so two inside at once would lose an addition.
"""
import os
import sys
import threading
import time

from harness import Workers, connect, kill_the_leader, say
from kazoo.exceptions import LockTimeout

rounds_after_the_kill = 4
# Longer than it takes to get in: whoever is let in too early meets somebody.
stay = 0.03


def acquire(lock, patience):
    """Asks again whenever `patience` (seconds) ends; None waits for ever."""
    while True:
        try:
            if lock.acquire(timeout=patience):
                return
        except LockTimeout:
            pass


def contend(make, kinds, patience=None):
    """`make(client, kind, name)` gives a lock of that kind; runs two threads until the kill is well behind them."""
    journal = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    killed, started, workers = threading.Event(), threading.Barrier(3), Workers()
    clients, rounds = [connect(), connect()], []

    def work(number, client):
        name = "%d.%d" % (os.getpid(), number)
        locks = {kind: make(client, kind, name) for kind in set(kinds)}
        done = after = 0
        while after < rounds_after_the_kill:
            kind = kinds[done % len(kinds)]
            after += killed.is_set()
            acquire(locks[kind], patience)
            os.write(journal, ("+%s %s\n" % (name, kind)).encode())
            if kind == "alone":
                value = int(client.retry(client.get, "/total")[0] or b"0")
                time.sleep(stay)
                client.retry(client.set, "/total", b"%d" % (value + 1))
            else:
                time.sleep(stay)
            os.write(journal, ("-%s %s\n" % (name, kind)).encode())
            locks[kind].release()
            done += 1
            if done == 1:
                started.wait(15)
        rounds.append(done)

    clients[0].ensure_path("/total")
    for number, client in enumerate(clients):
        workers.start(work, number, client)
    started.wait(15)
    kill_the_leader()
    killed.set()
    workers.join()
    say("done", rounds=sum(rounds), lost=any(client.lost for client in clients))
    for client in clients:
        client.stop()
