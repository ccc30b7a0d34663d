"""``make bench-flow RATE=…``: whole dossiers of one procedure through all services, open loop.

Dossiers begin at a fixed rate whether or not earlier ones are done, so a platform that falls behind shows it. The
driver follows the dossier stream with a client of its own: it asks the services nothing that a portal would not.
"""
