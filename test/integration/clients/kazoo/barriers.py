"""Barriers across the leader's death: closed ones stay closed, and who has entered together leaves together."""
from harness import Workers, connect, fresh, kill_the_leader, say, until
from kazoo.exceptions import ConnectionLoss

clients = [connect() for _ in range(3)]
passed, inside, outside = [], [], []
workers = Workers()

barrier = clients[0].Barrier("/barrier")
barrier.create()


def wait_for(number, client):
    # kazoo's wait does not survive a lost connection, as its documentation says: who waits asks again.
    while True:
        try:
            if client.Barrier("/barrier").wait(0.3):
                break
        except ConnectionLoss:
            pass
    passed.append(number)


double = [client.DoubleBarrier("/double", 3, "member-%d" % i) for i, client in enumerate(clients)]


def enter(number):
    double[number].enter()
    inside.append(number)


def leave(number):
    double[number].leave()
    outside.append(number)


for number in (1, 2):
    workers.start(wait_for, number, clients[number])
entering = Workers()
entering.start(enter, 0)
entering.start(enter, 1)
clients[0].ensure_path("/double")
until("two to stand before the double barrier", lambda: len(fresh(clients[0], "/double")) == 2)
too_early = list(inside)
entering.start(enter, 2)
entering.join()

kill_the_leader()

closed, here = list(passed), fresh(clients[0], "/double")
barrier.remove()
workers.join()
leaving = Workers()
leaving.start(leave, 0)
leaving.start(leave, 1)
# One of them may be the first by name, who stays until the others are gone: so one node or two go.
until("two to be about to leave", lambda: len(fresh(clients[2], "/double")) <= 2)
left_early = list(outside)
leaving.start(leave, 2)
leaving.join()
say(
    "done",
    passed_closed=closed,
    passed=sorted(passed),
    entered_early=too_early,
    entered=sorted(inside),
    here=len(here),
    left_early=left_early,
    left=sorted(outside),
    remains=fresh(clients[0], "/double"),
)
for client in clients:
    client.stop()
