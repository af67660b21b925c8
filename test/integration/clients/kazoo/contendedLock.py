"""The exclusive lock, wanted by several processes at once."""
from contention import contend

contend(lambda client, kind, name: client.Lock("/contended", name), ["alone"])
