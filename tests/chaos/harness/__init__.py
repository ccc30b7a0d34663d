"""Chaos: dossiers flow while processes die, freeze and partners misbehave; then what was accepted is compared with
what happened.

schedule.py   what is done to which process and when: a pure function of the seed
strokes.py    does it
driver.py     dossiers, open loop, over HTTP to either replica and by the upstream portal; what was acknowledged
witness.py    what happened: the topics by another client, the partners' books, what is left in the stores
oracle.py     compares the two; plain JSON values, no code of the services
payments.py   a run of payments alone: payers.py drives them, ledgers.py judges (``--work payments``)
run.py        one run from start to end: ``python -m tests.chaos.harness --minutes 3 --seed 1``
"""
