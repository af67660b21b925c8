"""A semaphore of two leases, wanted by several processes at once."""
from contention import contend

contend(lambda client, kind, name: client.Semaphore("/semaphore", name, max_leases=2), ["together"])
