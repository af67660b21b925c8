"""Prints every znode that a server on 127.0.0.1 serves, in the form of expected.json. Usage: walk.py PORT"""
import json, sys
from servers import client
from znodes import walk

zk = client(int(sys.argv[1]))
json.dump(dict(walk(zk)), sys.stdout)
zk.stop()
