"""``make bench-core``: the event core against the usual ways, the raw broker and the store's own limit.

The same work by each: consume, decide, compare-and-set with outbox, publish, clear, commit. Every contender is a
process of its own, on a topic of its own, filled before it starts.
"""
