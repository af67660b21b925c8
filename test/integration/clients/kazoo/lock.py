"""The lock recipe held across the leader's death: the holder keeps it, the contender gets it afterwards."""
import threading

from harness import connect, say, wait_for_go

holder, contender = connect(), connect()
states = []
holder.add_listener(lambda state: states.append(str(state)))

lock = holder.Lock("/lock", "holder")
lock.acquire(timeout=20)
session = holder.client_id[0]

acquired = threading.Event()
other = contender.Lock("/lock", "contender")


def contend():
    other.acquire()
    acquired.set()


thread = threading.Thread(target=contend, daemon=True)
thread.start()
while len(holder.retry(holder.get_children, "/lock")) < 2:
    pass
before = sorted(holder.retry(holder.get_children, "/lock"))

wait_for_go("kill the leader", contenders=lock.contenders())

holder.retry(holder.sync, "/lock")
after = sorted(holder.retry(holder.get_children, "/lock"))
say(
    "after",
    same_session=holder.client_id[0] == session,
    same_nodes=before == after,
    contender_waits=not acquired.is_set(),
    lost="LOST" in states,
)

holder.retry(lock.release)
got_it = acquired.wait(20)
say("released", contender_got_it=got_it)
contender.retry(other.release)
holder.stop()
contender.stop()
