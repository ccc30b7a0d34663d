"""What the law says, in code: pure, versioned, with data files.

Nothing here reads a clock, draws a random number or does I/O, except that the packaged data files are read at first
use. It imports nothing of ours; services import it.

    procedures   the catalogue: what a procedure asks, how long it takes, what it costs, by effective date
    forms        the e-form of a procedure and its field errors
    fees         phí and lệ phí of a filing, in integer VND
    calendar     which days are worked
    clock        when a term starts and when it is due
    codes        dossier codes of both generations
    statuses     the national status codes 1 to 10
    phones, text Vietnamese mobile numbers; text without diacritics

Every value in the data carries its source and its mark (see `law.facts`).
"""
