"""``make bench-doors``: valid and broken dossiers of every procedure through both doors; which field is named as wrong.

Broker, store, identity provider, virus scanner and one submission process run, and nothing else.
"""
