"""LocalError
InUseError      a run directory belongs to a launcher that is alive
MissingError    a program or library is not there; the message says how to get it
StartError      a process ended early or was not ready in time
StopError       a port is still taken after its process has gone
"""


class LocalError(Exception):
    """Whatever keeps the local platform from running; the message is for the person who started it."""


class InUseError(LocalError):
    pass


class MissingError(LocalError):
    pass


class StartError(LocalError):
    pass


class StopError(LocalError):
    pass
