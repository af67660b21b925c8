"""Parties: the guests are all still there after the leader's death; who goes, or goes silent, is gone."""
from harness import connect, kill_the_leader, say

clients = [connect() for _ in range(3)]
parties = [client.Party("/party", "guest-%d" % i) for i, client in enumerate(clients)]
shallow = [client.ShallowParty("/shallow", "guest-%d" % i) for i, client in enumerate(clients)]
for party in parties + shallow:
    party.join()


def guests():
    clients[0].retry(clients[0].sync, "/")
    return [sorted(parties[0]), sorted(shallow[0]), len(parties[0])]


before = guests()
kill_the_leader()
after = guests()
parties[1].leave()
shallow[1].leave()
left = guests()
# A client that is not connected again yet would leave without a word, and its session would stay until it expires.
clients[2].retry(clients[2].sync, "/")
clients[2].stop()
say("done", before=before, after=after, left=left, closed=guests())
clients[0].stop()
clients[1].stop()
