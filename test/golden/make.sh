#!/bin/sh
# Records the golden data directories anew: see README.md. Needs Debian's zookeeper (3.8.0) and python3-kazoo.
set -eu
cd "$(dirname "$0")"
rm -rf standalone options ensemble
# Debian installs kazoo for its own interpreter.
exec /usr/bin/python3 -B record.py
