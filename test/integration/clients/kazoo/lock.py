"""The lock recipe held across the leader's death: the holder keeps it, the contender gets it afterwards."""
import threading

from harness import Workers, connect, fresh, kill_the_leader, say, until

holder, contender = connect(), connect()
lock = holder.Lock("/lock", "holder")
lock.acquire(timeout=20)
session = holder.client_id[0]

acquired = threading.Event()
other = contender.Lock("/lock", "contender")


def contend():
    other.acquire()
    acquired.set()


workers = Workers()
workers.start(contend)
until("the contender to queue up", lambda: len(fresh(holder, "/lock")) == 2)
before = fresh(holder, "/lock")

kill_the_leader(contenders=lock.contenders())

after = fresh(holder, "/lock")
say(
    "after",
    same_session=holder.client_id[0] == session,
    same_nodes=before == after,
    contender_waits=not acquired.is_set(),
    lost=holder.lost or contender.lost,
)

holder.retry(lock.release)
workers.join()
say("released", contender_got_it=acquired.is_set())
contender.retry(other.release)
holder.stop()
contender.stop()
