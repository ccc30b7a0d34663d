"""Statistics: a process of its own that counts every stream with faust-streaming and shows the totals.

``python -m services.tracking.statistics``. What is counted is in `services/tracking/domain`; this folder is its I/O:
`book` the Faust table, `view` the totals in memory and the last good ones on disk, `log` the streams read by anyone,
`api` and `pages` what people get. It stores nothing but its table's changelog: everything follows from the log.
"""
