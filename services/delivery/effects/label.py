"""The label of a consignment: A6, addresses, its number as Code 128."""

from __future__ import annotations

from services.delivery.domain.delivery import Delivery
from services.delivery.domain.places import desk_of, desk_place, place
from services.delivery.effects.post import OFFICE
from services.delivery.effects.press import Page


def page(state: Delivery, name: str, phone: str, detail: str) -> Page:
    """The page to print. Raises ValueError where nothing is ordered."""
    if state.tracking is None or state.address is None or state.ordered_at is None:
        raise ValueError("nothing is ordered")
    desk = desk_of(state.desk)
    data = {
        "tracking": state.tracking,
        "order": state.order,
        "day": [state.ordered_at.year, state.ordered_at.month, state.ordered_at.day],
        "from": [OFFICE, desk.name, desk_place(desk)],
        "to": [name, detail, place(state.address)],
        "phone": phone,
        "cod": f"{state.cod:,} đồng".replace(",", ".") if state.cod else "không thu",
    }
    return Page(template="label.typ", data=data, qr=state.tracking)
