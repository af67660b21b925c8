"""A set divided among three workers: everything has one owner, before the leader's death and after it."""
from harness import connect, kill_the_leader, say, until

items = ["item-%d" % i for i in range(7)]
clients = [connect() for _ in range(3)]
workers = [
    client.SetPartitioner("/partition", items, identifier="worker-%d" % i, time_boundary=0.5, max_reaction_time=0.5)
    for i, client in enumerate(clients)
]


def settled():
    for worker in workers:
        if worker.failed:
            raise RuntimeError("a partitioner failed")
        if worker.release:
            worker.release_set()
    if not all(worker.acquired for worker in workers):
        return None
    shares = [sorted(worker) for worker in workers]
    return shares if sum(map(len, shares)) == len(items) else None


before = until("the first division", settled)
kill_the_leader()
# Every worker lost its connection, so every worker is told to let go and is given its share again.
until("the workers to notice", lambda: any(worker.release for worker in workers))
after = until("the second division", settled)
say("done", before=before, after=after, items=items, lost=any(client.lost for client in clients))
for worker, client in zip(workers, clients):
    worker.finish()
    client.stop()
