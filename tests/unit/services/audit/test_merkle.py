"""The tree against the vectors of Certificate Transparency's reference implementation, and against its definition."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.merkle import EMPTY, Tree, leaf

LEAVES = (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def grown(entries: list[bytes]) -> bytes:
    tree = Tree()
    for entry in entries:
        tree.add(leaf(entry))
    return tree.root


def defined(entries: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, as it is written there."""
    if len(entries) <= 1:
        return leaf(entries[0]) if entries else EMPTY
    k = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + defined(entries[:k]) + defined(entries[k:])).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_reference_vectors(size: int) -> None:
    assert grown([bytes.fromhex(text) for text in LEAVES[:size]]).hex() == ROOTS[size - 1]


@given(st.lists(st.binary(max_size=3), max_size=40))
def test_it_grows_to_what_is_defined(entries: list[bytes]) -> None:
    assert grown(entries) == defined(entries)
