#!/bin/sh
# The Node.js that `npm ci` brought, whatever Node.js the machine has; without one for this machine, the machine's own.
# The scripts of package.json call this file: npm 11 would link the binary into node_modules/.bin, npm 10 does not.
# docs/adr/0001-own-node.md

# Memory that threads give back is used again by others: with glibc's usual 8 arenas a processor a busy server keeps 100 MB more
# of what is free (test/e2e/garbage.test.ts: 807 MiB at most, and 831 to 921).
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"

self=$(readlink -f "$0")
here=$(dirname "$self")
for node in "$here"/../../node_modules/node-*/bin/node "$here"/node_modules/node-*/bin/node; do
  if [ -x "$node" ]; then exec "$node" "$@"; fi
done
IFS=:
for directory in $PATH; do
  node=$directory/node
  if [ -x "$node" ] && [ "$(readlink -f "$node")" != "$self" ]; then exec "$node" "$@"; fi
done
echo 'There is no Node.js for this machine: install Node.js 24 (docs/adr/0001-own-node.md).' >&2
exit 1
