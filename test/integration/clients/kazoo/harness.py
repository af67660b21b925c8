"""What the scripts share: `script.py HOSTS` prints one JSON document a line, and waits where it says so."""
import json
import sys

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry


def connect(hosts=None):
    """A started client that retries what a leader's death interrupts."""
    retry = KazooRetry(max_tries=-1, delay=0.05, max_delay=0.5)
    client = KazooClient(
        hosts=hosts or sys.argv[1], timeout=10, connection_retry=retry, command_retry=retry, randomize_hosts=True
    )
    client.start(timeout=20)
    return client


def say(step, **more):
    print(json.dumps({"step": step, **more}), flush=True)


def wait_for_go(step, **more):
    """Asks the test to do something; it answers with a line once that is done."""
    say(step, **more)
    sys.stdin.readline()
