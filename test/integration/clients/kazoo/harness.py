"""What kazoo's scripts share: `script.py HOSTS` prints one JSON document a line, and waits where it says so."""
import sys
import threading

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry
from protocol import kill_the_leader, say, until, wait_for_go

__all__ = ["Workers", "connect", "content", "fresh", "kill_the_leader", "say", "until", "wait_for_go"]


def connect(hosts=None):
    """A started client that retries what a leader's death interrupts."""
    retry = KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5)
    client = KazooClient(
        hosts=hosts or sys.argv[1], timeout=10, connection_retry=retry, command_retry=retry, randomize_hosts=True
    )
    client.lost = False
    client.add_listener(lambda state: setattr(client, "lost", client.lost or state == "LOST"))
    client.start(timeout=20)
    return client


class Workers:
    """Threads whose errors are the script's errors, at the latest when they are joined."""

    def __init__(self):
        self.threads, self.errors = [], []

    def start(self, work, *args):
        def run():
            try:
                work(*args)
            except BaseException as error:  # noqa: it is raised again by join
                self.errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def join(self, seconds=15):
        for thread in self.threads:
            thread.join(seconds)
            if self.errors:
                raise self.errors[0]
            if thread.is_alive():
                raise TimeoutError("a worker did not come to its end")


def fresh(client, path):
    """The children of a path, sorted, no older than anything acknowledged to anybody so far."""
    client.retry(client.sync, path)
    return sorted(client.retry(client.get_children, path))


def content(client, path):
    """The data of a path as text, no older than anything acknowledged to anybody so far."""
    client.retry(client.sync, path)
    return client.retry(client.get, path)[0].decode()
