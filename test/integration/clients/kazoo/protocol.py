"""How scripts talk with their test: one JSON document a line, and a line back where they wait."""
import json
import sys
import time


def say(step, **more):
    print(json.dumps({"step": step, **more}), flush=True)


def wait_for_go(step, **more):
    """Asks the test to do something; it answers with a line once that is done."""
    say(step, **more)
    sys.stdin.readline()


def kill_the_leader(**more):
    """Returns when the leader was killed and another one leads."""
    wait_for_go("kill the leader", **more)


def until(what, condition, seconds=15):
    """Waits for a condition; one that never comes ends the script."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise TimeoutError("timed out waiting for " + what)
