"""Three candidates: who is elected stays so across the death of ZooKeeper's own leader, then the next in line is."""
import threading

from harness import Workers, connect, fresh, kill_the_leader, say, until

clients = [connect() for _ in range(3)]
elections = [client.Election("/election", "candidate-%d" % i) for i, client in enumerate(clients)]
resign, reigns, reigning, overlaps = threading.Event(), [], [], []


def reign(number):
    overlaps.extend(reigning)
    reigning.append(number)
    reigns.append(number)
    if number == 0:
        resign.wait(15)
    reigning.remove(number)


workers = Workers()
for number, election in enumerate(elections):
    workers.start(election.run, reign, number)
    clients[0].ensure_path("/election")
    until("candidate %d" % number, lambda: len(fresh(clients[0], "/election")) > number)
until("the first reign", lambda: reigns == [0])

kill_the_leader(contenders=elections[0].contenders())

clients[1].retry(clients[1].sync, "/election")
contenders, during = clients[1].retry(elections[1].contenders), list(reigns)
elections[1].cancel()
until("the second to withdraw", lambda: len(fresh(clients[0], "/election")) == 2)
resign.set()
workers.join()
say("done", contenders=contenders, during=during, reigns=reigns, overlaps=overlaps, left=fresh(clients[0], "/election"))
for client in clients:
    client.stop()
