"""Charges of a procedure: what they are counted by, and the dated reductions that cut them."""

from law.tariff.charge import Charge, ChargeKind
from law.tariff.rates import ChoiceRate, FlatRate, FreeRate, Price, Rate, Tier, TierRate, UnitRate, amounts, input_names
from law.tariff.reductions import Reduction, Schedule

__all__ = [
    "Charge",
    "ChargeKind",
    "ChoiceRate",
    "FlatRate",
    "FreeRate",
    "Price",
    "Rate",
    "Reduction",
    "Schedule",
    "Tier",
    "TierRate",
    "UnitRate",
    "amounts",
    "input_names",
]
