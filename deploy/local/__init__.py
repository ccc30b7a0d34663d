"""The launcher of a platform on this machine alone, used by tests, demo, command line and benchmarks.

install.py    what is missing is installed or named        python -m deploy.local.install
paths.py      where things are in the checkout
ports.py      free loopback ports, several platforms side by side
rundir.py     one directory per run: lock, state.json, logs; stale ones are cleared
processes.py  the supervisor: layers of processes that never outlive it
kafka.py      one broker, or KAFKA_BOOTSTRAP_SERVERS
store.py      one document store, or MONGODB_URL
platform.py   `async with Backbone(run_dir)`: both, and further layers on top
"""
