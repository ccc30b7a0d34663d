"""Keys of two parties while they change: what either still understands, and what it uses."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwe, jws
from joserfc.jwk import ECKey

from chassis import jose

EVENT = dict(zip(jose.BOUND, ("dvc", "t.v1", "r1", "e1"), strict=True))


def named(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


OURS_OLD, OURS_NEW = named("ours-1"), named("ours-2")
THEIRS_OLD, THEIRS_NEW = named("theirs-1"), named("theirs-2")
OURS, THEIRS = (OURS_NEW, OURS_OLD), (THEIRS_NEW, THEIRS_OLD)


@pytest.mark.parametrize("signed_by", THEIRS, ids=lambda key: key.kid)
@pytest.mark.parametrize("encrypted_to", OURS, ids=lambda key: key.kid)
def test_while_keys_change_both_are_understood(signed_by: ECKey, encrypted_to: ECKey) -> None:
    value = jose.wrap(b"words", signed_by=signed_by, encrypted_to=encrypted_to, event=EVENT)
    assert jose.unwrap(value, signed_by=THEIRS, encrypted_to=OURS, event=EVENT) == b"words"


def test_a_key_that_is_registered_no_more_signs_nothing() -> None:
    value = jose.wrap(b"words", signed_by=THEIRS_OLD, encrypted_to=OURS_NEW, event=EVENT)
    with pytest.raises(jose.NotForUs, match="by the portal"):
        jose.unwrap(value, signed_by=THEIRS[:1], encrypted_to=OURS, event=EVENT)


def test_a_key_that_names_itself_as_another_s_is_refused() -> None:
    impostor = named("theirs-1")
    value = jose.wrap(b"words", signed_by=impostor, encrypted_to=OURS_NEW, event=EVENT)
    with pytest.raises(jose.NotForUs):
        jose.unwrap(value, signed_by=THEIRS, encrypted_to=OURS, event=EVENT)


def test_without_a_kid_any_registered_key_fits() -> None:
    registry = jws.JWSRegistry(strict_check_header=False)
    signed = jws.serialize_compact({"alg": jose.SIGN, **EVENT}, b"words", THEIRS_OLD, [jose.SIGN], registry)
    header = {"alg": jose.WRAP, "enc": jose.ENCRYPT}
    value = jwe.encrypt_compact(header, signed, OURS_OLD, algorithms=[jose.WRAP, jose.ENCRYPT]).encode()
    assert jose.unwrap(value, signed_by=THEIRS, encrypted_to=OURS, event=EVENT) == b"words"


@pytest.mark.parametrize("name", jose.BOUND)
def test_the_signature_is_for_one_event(name: str) -> None:
    value = jose.wrap(b"words", signed_by=THEIRS_NEW, encrypted_to=OURS_NEW, event=EVENT)
    with pytest.raises(jose.NotForUs, match=name):
        jose.unwrap(value, signed_by=THEIRS, encrypted_to=OURS, event={**EVENT, name: "another"})


def test_our_keys_are_published_without_their_private_half_the_one_in_use_first() -> None:
    found = jose.public(OURS)["keys"]
    assert [key["kid"] for key in found] == ["ours-2", "ours-1"]
    assert all("d" not in key for key in found)
    lone = ECKey.generate_key("P-256")
    (shown,) = jose.public((lone,))["keys"]
    assert shown["kid"] == lone.thumbprint()


@pytest.mark.parametrize(
    "jwk",
    [
        {"keys": []},
        {"keys": [named(f"k{n}").as_dict(private=False) for n in range(5)]},
        {"keys": [named("k").as_dict(private=False), named("k").as_dict(private=False)]},
        {"keys": [ECKey.generate_key("P-256").as_dict(private=False), named("k").as_dict(private=False)]},
        ECKey.generate_key("P-384").as_dict(private=False),
    ],
    ids=["none", "too many", "one kid twice", "without a kid", "another curve"],
)
def test_a_set_of_keys_nobody_can_tell_apart_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="key"):
        jose.keys(jwk)
