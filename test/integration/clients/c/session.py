"""
The C client (libzookeeper_mt, called without a compiler): nodes, watches and an ephemeral through the leader's death,
and writes without pause. `session.py HOSTS`; the C library has threads of its own, which call back into Python.
"""
import ctypes
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kazoo"))
from protocol import kill_the_leader, say, until  # noqa: the path is set above

CONNECTED, CONNECTION_LOSS, OPERATION_TIMEOUT, NO_NODE = 3, -4, -7, -101
EPHEMERAL, SEQUENCE = 1, 2
CHANGED_EVENT, SESSION_EVENT = 3, -1

library = ctypes.CDLL("libzookeeper_mt.so.2")
Watcher = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
library.zookeeper_init.restype = ctypes.c_void_p
library.zookeeper_init.argtypes = [
    ctypes.c_char_p, Watcher, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
]
library.zoo_client_id.restype = ctypes.POINTER(ctypes.c_int64)
for name in ("zoo_state", "zoo_client_id", "zookeeper_close"):
    getattr(library, name).argtypes = [ctypes.c_void_p]
handle_path = [ctypes.c_void_p, ctypes.c_char_p]
data = [ctypes.c_char_p, ctypes.c_int]
library.zoo_create.argtypes = handle_path + data + [ctypes.c_void_p, ctypes.c_int] + data
library.zoo_set.argtypes = handle_path + data + [ctypes.c_int]
library.zoo_delete.argtypes = handle_path + [ctypes.c_int]
library.zoo_wget.argtypes = handle_path + [
    Watcher, ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), ctypes.c_void_p
]
library.zoo_set_debug_level(1)
anyone = ctypes.addressof(ctypes.c_char.in_dll(library, "ZOO_OPEN_ACL_UNSAFE"))

events = []


@Watcher
def on_event(handle, kind, state, path, context):
    if kind != SESSION_EVENT:
        events.append([kind, path.decode()])


def connect(hosts):
    handle = library.zookeeper_init(hosts.encode(), on_event, 10_000, None, None, 0)
    until("a connection", lambda: library.zoo_state(handle) == CONNECTED)
    return handle


def create(handle, path, value=b"", mode=0):
    buffer = ctypes.create_string_buffer(200)
    code = library.zoo_create(handle, path.encode(), value, len(value), anyone, mode, buffer, len(buffer))
    return buffer.value.decode() if code == 0 else code


def get(handle, path, watcher=Watcher()):
    buffer, length = ctypes.create_string_buffer(200), ctypes.c_int(200)
    code = library.zoo_wget(handle, path.encode(), watcher, None, buffer, ctypes.byref(length), None)
    return buffer.raw[: max(0, length.value)].decode() if code == 0 else code


def retried(call, *args):
    """Asks again while the connection is lost: for what may be asked twice."""
    while True:
        answer = call(*args)
        if answer not in (CONNECTION_LOSS, OPERATION_TIMEOUT):
            return answer
        time.sleep(0.02)


a, b = connect(sys.argv[1]), connect(sys.argv[1])
created = [create(a, "/c", b"1"), create(a, "/c/e-", b"", EPHEMERAL | SEQUENCE), create(a, "/c", b"2")]
until("the other client to see it", lambda: get(b, "/c") == "1")
get(b, "/c", on_event)
session = library.zoo_client_id(a)[0]

acknowledged, killed = [], threading.Event()


def write():
    number = after = 0
    while after < 50:
        after += killed.is_set()
        number += 1
        if create(a, "/c/n%d" % number, b"%d" % number) == "/c/n%d" % number:
            acknowledged.append(number)


writer = threading.Thread(target=write, daemon=True)
writer.start()
kill_the_leader()
killed.set()
writer.join(15)
retried(lambda: library.zoo_set(a, b"/c", b"two", 3, -1))
until("the watch from before the kill", lambda: [CHANGED_EVENT, "/c"] in events)
same_session = library.zoo_client_id(a)[0] == session
ephemeral = retried(get, a, created[1])
wrong = [number for number in acknowledged if retried(get, a, "/c/n%d" % number) != str(number)]
library.zookeeper_close(a)
until("the ephemeral to go", lambda: get(b, created[1]) == NO_NODE)
library.zookeeper_close(b)
say(
    "done",
    created=created,
    events=events,
    same_session=same_session,
    ephemeral=ephemeral,
    acknowledged=len(acknowledged),
    wrong=wrong,
    running=writer.is_alive(),
)
