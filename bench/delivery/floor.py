"""What one process reaches that does nothing but render and sign."""

from __future__ import annotations

import json
import os
import time
from typing import Final

from bench.delivery import site
from deploy.local import testca
from services.delivery.effects import press, wording
from services.delivery.effects.press import Page, names
from services.delivery.messages import Role

WARM_UP: Final = 20


def floor(seconds: float) -> float:
    """Documents a second of bare rendering and signing, in this process."""
    places = json.dumps(testca.keys())
    press.prepare(places, None, "", os.getppid())
    roles: tuple[Role, ...] = ("leader", "agency")
    signers = names(places, None, roles)
    made, began = 0, 0.0
    while not began or time.perf_counter() - began < seconds:
        if made == WARM_UP and not began:
            made, began = 0, time.perf_counter()
        data = wording.content(
            site.golden("result_issued"),
            "Lò Thị Mẫu",
            template="certificate",
            code="ABCD-EFGH-IJKL-MN23",
            address="hoso.dienbien.gov.vn/verify",
            note=None,
            signers=signers,
        )
        printed = press._make(Page("result.typ", data, f"https://x/{made}", roles=roles))
        made += 1 if printed.signatures else 0
    return made / (time.perf_counter() - began)
