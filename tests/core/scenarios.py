"""The scenarios of the protocol's model that hold, on the real chassis; their names are the model's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .tally import CURE, UNWRITABLE, Do, Input, dossier, said
from .world import Scenario

ONE: Final = said(0, "m1")
TWO: Final = said(0, "m1", "m2")
MIXED: Final = (*said(0, "m1"), *said(1, "n1"), Input(dossier(0), 2, "m2"))
COMMAND: Final = (Do(dossier=dossier(0), ref="cmd"),)
CURES: Final = (Do(dossier=dossier(0), ref=CURE, events=0),)
CLAIM: Final = (Do(dossier=dossier(0), ref="claim", events=0),)
BOTH: Final = (*COMMAND, *CLAIM)

HOLDS: Final = {
    "2 consumers, zombie, crash, sweeper": Scenario(TWO, fuel={"crash": 1, "rebalance": 1, "sweep": 1}),
    "2 consumers, batch 2, late producer requests": Scenario(
        TWO, batch=2, record_batch=1, fuel={"crash": 1, "rebalance": 1, "late": 2, "sweep": 1}
    ),
    "batch 1, late producer requests, no sweeper during the race": Scenario(
        TWO, fuel={"crash": 1, "rebalance": 1, "late": 1}
    ),
    "consumer + HTTP command (retried) + sweeper, crash": Scenario(
        ONE, COMMAND, fuel={"crash": 1, "http": 2, "sweep": 1}
    ),
    "consumer + HTTP + late request": Scenario(ONE, COMMAND, fuel={"crash": 1, "late": 1, "http": 1, "sweep": 1}),
    "claims (versioned writes from older reads) + sweeper + 2 consumers": Scenario(
        TWO, CLAIM, fuel={"crash": 1, "http": 1, "sweep": 1}
    ),
    "two dossiers in one batch, partly stale bulk, HTTP racing": Scenario(
        MIXED, COMMAND, batch=3, fuel={"rebalance": 1, "http": 1}
    ),
    "messages emitting 0 and 2 events": Scenario(
        said(0, "m1", "m2", "m3", events=[2, 0, 1]), batch=2, fuel={"crash": 1, "rebalance": 1, "sweep": 1}
    ),
    "store answers lost, store writes landing late": Scenario(
        TWO, fuel={"crash": 1, "rebalance": 1, "sweep": 1, "lost": 1, "late": 1}
    ),
    "store writes late, HTTP retried": Scenario(ONE, COMMAND, fuel={"http": 2, "sweep": 1, "late": 2}),
    "store failover, majority reads": Scenario(TWO, fails_over=True, fuel={"rebalance": 1, "sweep": 1, "failover": 1}),
    "store failover, majority reads, HTTP, crash": Scenario(
        ONE, COMMAND, fails_over=True, fuel={"crash": 1, "http": 2, "sweep": 1, "failover": 1}
    ),
    "one request of a dossier in flight; the rest withheld on failure": Scenario(
        TWO, batch=2, record_batch=1, fuel={"crash": 1, "rebalance": 1, "fail": 2, "sweep": 1}
    ),
    "a request hangs past its time-out, and lands then": Scenario(
        TWO, batch=2, record_batch=1, fuel={"clock": 2, "crash": 1, "sweep": 1}
    ),
    "no poison, strict gap rule, 2 consumers (no false gap)": Scenario(
        (*said(0, "m1", "m2"), Input(dossier(0), 1, "m1"), Input(dossier(0), 3, "m3")),
        batch=2,
        fuel={"crash": 2, "rebalance": 2},
    ),
    "parked inside the document by compare-and-set; log 1 3 2 3": Scenario(
        tuple(Input(dossier(0), n, f"m{n}") for n in (1, 3, 2, 3)), fuel={"crash": 2, "rebalance": 2}
    ),
    "poison parked inside the document with what follows it": Scenario(
        tuple(Input(dossier(0), n, f"m{n}", poison=n == 2) for n in (1, 2, 3, 4)),
        fuel={"crash": 2, "rebalance": 2},
    ),
    "poison, repeats in the log": Scenario(
        tuple(Input(dossier(0), n, f"m{n}", poison=n == 2) for n in (1, 2, 3, 2, 4, 3)),
        fuel={"crash": 2, "rebalance": 2},
    ),
    "an event too large is refused before the write, alone in its batch": Scenario(
        (*said(0, "m1", "m2"), *said(1, "n1"), Input(dossier(1), 2, "n2", size=300_000), Input(dossier(1), 3, "n3")),
        batch=5,
        fuel={"crash": 1, "rebalance": 1, "lost": 1},
    ),
    "a document that cannot be written fails alone in its batch": Scenario(
        (*said(0, "m1", UNWRITABLE, "m3"), *said(1, "n1", "n2")), batch=5, fuel={"crash": 1, "rebalance": 1, "lost": 1}
    ),
    "parked inside the document; replay": Scenario(
        tuple(Input(dossier(0), n, f"m{n}", poison=n == 2) for n in (1, 2, 3, 4)),
        CURES,
        fuel={"crash": 2, "rebalance": 2, "http": 1, "operate": 2},
        operator="replay",
    ),
    "parked inside the document; repeats in the log; replay": Scenario(
        tuple(Input(dossier(0), n, f"m{n}", poison=n == 2) for n in (1, 2, 3, 2, 4, 3)),
        CURES,
        fuel={"crash": 2, "rebalance": 2, "http": 1, "operate": 2},
        operator="replay",
    ),
    "parked inside the document; drop = seen advances": Scenario(
        tuple(Input(dossier(0), n, f"m{n}", poison=n == 2) for n in (1, 2, 3, 4)),
        fuel={"crash": 2, "rebalance": 2, "operate": 2},
        operator="drop",
    ),
    "deadline checked": Scenario(
        (Input(dossier(0), 1, "m1", due=1.0), Input(dossier(0), 2, "m2", due=1000.0)),
        fuel={"wake": 2, "clock": 1, "rebalance": 1},
        jump=5.0,
    ),
    "effect never retried": Scenario(
        (Input(dossier(0), 1, "m1", effect="never"),),
        fuel={"crash": 2, "lost": 1, "late": 1, "clock": 2, "wake": 2},
    ),
    "effect repeated, the partner keeps its key": Scenario(
        (Input(dossier(0), 1, "m1", effect="repeat"),),
        fuel={"crash": 2, "lost": 1, "late": 1, "clock": 2, "wake": 2},
    ),
    "effect asked for first": Scenario(
        (Input(dossier(0), 1, "m1", effect="ask"),),
        fuel={"crash": 2, "lost": 1, "late": 1, "clock": 2, "wake": 2},
    ),
}

RETIRES: Final = (Input(dossier(0), 1, "m1"), Input(dossier(0), 2, "m2", events=0, due=1.0, retire=True))
RETENTION: Final = Scenario(
    RETIRES,
    COMMAND,
    batch=2,
    fuel={"crash": 1, "rebalance": 1, "http": 1, "sweep": 1, "wake": 2, "clock": 2},
)
HOLDS["retention writes a tombstone"] = RETENTION
HOLDS["retention writes a tombstone, slow writers"] = replace(
    RETENTION, fuel={"late": 1, "lost": 1, "http": 1, "sweep": 1, "wake": 2, "clock": 1}
)

HOLDS.update(
    {
        f"{name}; as it runs": replace(scenario, linger=1.0, remembered=100)
        for name, scenario in HOLDS.items()
        if scenario.fuel.keys() & {"sweep", "rebalance", "http"}
    }
)
"""What was published waits to be cleared by the next write, and what was written last is not read again."""
HOLDS["a write that says nothing clears what was said"] = Scenario(
    said(0, "m1", "m2", events=[1, 0]), COMMAND, linger=1.0, fuel={"http": 1, "sweep": 1, "rebalance": 1}
)

EVERYTHING: Final = Scenario(
    (*MIXED, Input(dossier(1), 2, "n2", events=0, effect="never"), Input(dossier(0), 3, "m3", events=2)),
    BOTH,
    batch=2,
    record_batch=2,
    fuel={
        "crash": 3,
        "rebalance": 3,
        "late": 3,
        "lost": 2,
        "fail": 2,
        "http": 3,
        "sweep": 6,
        "wake": 3,
        "clock": 3,
    },
)
"""All of it at once, too large to be searched: for random walks."""
