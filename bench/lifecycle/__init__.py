"""``make bench-lifecycle``: dossiers filed over Kafka and over HTTP by one submission process, and the store's limit.

Broker, store, identity provider and one submission process run, and nothing else. The store's limit is that of new
dossiers: the very documents submission writes, with its indexes, by find, compare-and-set and clear.
"""
