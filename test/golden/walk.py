"""Prints every znode that a server on 127.0.0.1 serves, in the form of expected.json. Usage: walk.py PORT"""
import json, sys
from record import client, walk

zk = client(int(sys.argv[1]))
zk.add_auth('digest', 'super:secret')
nodes = dict(walk(zk))
# As text, so that readers without 64-bit numbers see them whole.
for node in nodes.values():
    owner = node['stat']['ephemeralOwner']
    node['stat']['ephemeralOwner'] = str(owner) if owner else 0
json.dump(nodes, sys.stdout)
zk.stop()
