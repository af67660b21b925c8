"""Read locks and semaphore leases held across the leader's death: as many inside as may be, and no one more."""
from harness import Workers, connect, kill_the_leader, say, until

clients = [connect() for _ in range(4)]
workers = Workers()

# Two readers hold the lock together; the writer waits for both.
readers = [client.ReadLock("/shared", "reader") for client in clients[:2]]
for reader in readers:
    reader.acquire(timeout=15)
writer = clients[2].WriteLock("/shared", "writer")
workers.start(writer.acquire)

# Three leases, four that want one.
semaphores = [client.Semaphore("/leases", "holder-%d" % i, max_leases=3) for i, client in enumerate(clients)]
for semaphore in semaphores[:3]:
    semaphore.acquire(timeout=15)
workers.start(semaphores[3].acquire)
until("the writer to queue up", lambda: "writer" in clients[3].retry(writer.contenders))

kill_the_leader()

for client in clients:
    client.retry(client.sync, "/")
say(
    "after",
    contenders=clients[0].retry(writer.contenders),
    writer_waits=not writer.is_acquired,
    holders=sorted(clients[0].retry(semaphores[0].lease_holders)),
    fourth_waits=not semaphores[3].is_acquired,
)
readers[0].release()
one_reader = not writer.is_acquired
readers[1].release()
semaphores[1].release()
workers.join()
clients[0].retry(clients[0].sync, "/")
say(
    "released",
    one_reader_suffices=one_reader,
    writer=writer.is_acquired,
    holders=sorted(clients[0].retry(semaphores[0].lease_holders)),
    lost=any(client.lost for client in clients),
)
for client in clients:
    client.stop()
