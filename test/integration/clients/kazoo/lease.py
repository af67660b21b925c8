"""Leases by the clock: whoever has one keeps it and can renew it after the leader's death; nobody else gets it."""
from datetime import timedelta

from harness import connect, kill_the_leader, say

a, b, c = connect(), connect(), connect()
hour = timedelta(hours=1)


def single(client, name, duration=hour):
    return bool(client.retry(client.NonBlockingLease, "/lease", duration, identifier=name))


def several(client, name):
    return bool(client.retry(client.MultiNonBlockingLease, 2, "/several", hour, identifier=name))


before = [single(a, "a"), single(b, "b"), several(a, "a"), several(b, "b"), several(c, "c")]
kill_the_leader()
after = [single(a, "a"), single(b, "b"), several(a, "a"), several(b, "b"), several(c, "c")]
# A renewal that ends at once frees the lease.
freed = [single(a, "a", timedelta(seconds=-5)), single(b, "b")]
say("done", before=before, after=after, freed=freed)
for client in (a, b, c):
    client.stop()
