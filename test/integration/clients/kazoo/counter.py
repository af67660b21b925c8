"""The counter recipe: three clients add at once, and no increment is lost or counted twice."""
import threading

from harness import connect, say

clients = [connect() for _ in range(3)]
each = 20


def add(client):
    counter = client.Counter("/counter")
    for _ in range(each):
        counter += 1


threads = [threading.Thread(target=add, args=(client,)) for client in clients]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
totals = []
for client in clients:
    client.sync("/counter")
    totals.append(client.Counter("/counter").value)
say("counted", totals=totals, expected=each * len(clients))
for client in clients:
    client.stop()
