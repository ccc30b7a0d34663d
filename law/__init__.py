"""What the law says, in code: pure, versioned, with data files.

Nothing here reads a clock, draws a random number or does I/O, except that data files are read: the packaged ones at
first use, a reviewed folder when `dataset.use` names it. It imports nothing of ours; services import it.

    procedures   the catalogue: what a procedure asks, how long it takes, what it costs, by effective date
    search       the catalogue by words without diacritics, by field and level
    forms        the e-form of a procedure: JSON Schema, purpose of each field, field errors
    fees         phí and lệ phí of a filing, in integer VND; tariff: what a charge is counted by, and its reductions
    calendar     which days are worked
    clock        when a term starts and is due: pauses, extensions, steps, stages, silence
    dataset      a reviewed data version in the place of the packaged one
    lint         what is wrong in a data version
    slips        the forms of the one-stop rule, by the circular in force
    retention    how long a dossier must be kept, by procedure and outcome
    requests     how long an office has to answer what a person asks about their data
    codes        dossier codes of both generations
    statuses     the national status codes 1 to 10
    phones, text Vietnamese mobile numbers; text without diacritics
    identity     personal identity numbers
    units        provinces and communes by effective date

Every value in the data carries its source and its mark (see `law.facts`).
"""
