"""Money is whole đồng in a type of its own, journals balance, references lead back, signatures hold to the byte."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from cli import nofloat
from schemas.money import MOST, Vnd, total
from services.payment.domain import ledger, paygov, reference, vnpay
from services.payment.settings import PaymentSettings
from simulators.payment_gateway.paygov import code_of

from .invoices import NOW

SECRET, OTHER = "a-secret-of-the-test", "another-secret-of-the-test"
NOTICE = {
    "vnp_Amount": "65000000",
    "vnp_BankCode": "NCB",
    "vnp_OrderInfo": "Phi ho so 000.00.12.H18-261124-0001",
    "vnp_PayDate": "20261124160000",
    "vnp_ResponseCode": "00",
    "vnp_TmnCode": "HOSODEMO",
    "vnp_TransactionNo": "14000001",
    "vnp_TransactionStatus": "00",
    "vnp_TxnRef": "0" * 32 + "001",
}
AMOUNT: TypeAdapter[Vnd] = TypeAdapter(Vnd)


@pytest.mark.parametrize("value", [5.0, "5", True, -1, MOST + 1, None])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        AMOUNT.validate_python(value)


def test_sums_are_amounts_and_nothing_else_is_made_of_them() -> None:
    five = AMOUNT.validate_json("5")
    assert isinstance(five, Vnd)
    for one in (five + 1, 1 + five, five - 1, 9 - five, -five, five * 3, 3 * five, total([five, five])):
        assert isinstance(one, Vnd)


@pytest.mark.parametrize("wrong", ["five / 2", "2 / five", "float(five)", "round(five)", "five + 0.5", "Vnd(5.0)"])
def test_a_fraction_of_an_amount_is_an_error(wrong: str) -> None:
    with pytest.raises(TypeError):
        eval(wrong, {"five": Vnd(5), "Vnd": Vnd})  # noqa: S307 - mypy refuses most of these lines, which is right too


def test_no_float_is_near_money() -> None:
    assert [f"{path}:{found}" for path in nofloat.files() for found in nofloat.floats(path.read_text())] == []


@pytest.mark.parametrize("line", ["x = 0.5", "x = a / b", "x = float(a)", "x = round(a)", "x /= 2", "x: float = y"])
def test_the_rule_finds_floats(line: str) -> None:
    assert list(nofloat.floats(line))
    assert not list(nofloat.floats(f"{line}  # seconds"))


def test_a_journal_that_does_not_balance_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match="does not balance"):
        ledger.journal(NOW, "taken", "x", debit={"a": 2}, credit={"b": 1})


@given(amount=st.integers(0, 100), parts=st.lists(st.integers(0, 50), max_size=4))
def test_an_amount_is_spread_whole_or_not_at_all(amount: int, parts: list[int]) -> None:
    over = {f"a{n}": part for n, part in enumerate(parts)}
    if amount > sum(parts):
        with pytest.raises(ledger.Unbalanced):
            ledger.spread(amount, over)
        return
    found = ledger.spread(amount, over)
    assert sum(found.values()) == amount
    assert all(0 <= found[a] <= over[a] for a in over)


@given(dossier=st.uuids(), around=st.text(alphabet=" abcxyz-.0123456789", max_size=12))
def test_a_reference_leads_back_whatever_a_bank_prints_around_it(dossier: object, around: str) -> None:
    name = reference.reference_of(str(dossier))
    assert len(name) == 32
    spaced = f"{name[:9]} {name[9:].lower()}"
    assert reference.payable_in(f"MBVCB.{around}. {spaced}.CT tu 0101") in {(str(dossier), None), None}
    assert reference.payable_in(f"CK {spaced}/{around}") == (str(dossier), None)


@given(dossier=st.uuids(), post=st.integers(1, 999), around=st.text(alphabet=" abcxyz-.0123456789", max_size=12))
def test_a_reference_of_postage_names_its_way_by_post(dossier: object, post: int, around: str) -> None:
    name = reference.reference_of(str(dossier), post)
    assert len(name) == 34
    found = reference.payable_in(f"CK {name[:7]} {name[7:].lower()}/{around}")
    assert found is not None
    assert (found.dossier, found.post) == (str(dossier), post)
    assert found.invoice == f"{dossier}/post-{post}"


@given(dossier=st.uuids(), at=st.integers(4, 31), letter=st.sampled_from(reference.ALPHABET))
def test_a_wrong_character_is_noticed(dossier: object, at: int, letter: str) -> None:
    name = reference.reference_of(str(dossier))
    changed = name[:at] + letter + name[at + 1 :]
    assert reference.payable_in(changed) in ({(str(dossier), None)} if changed == name else {None})


@given(data=st.data())
def test_any_single_changed_byte_fails_the_signature(data: st.DataObject) -> None:
    signed = {**NOTICE, vnpay.HASH: vnpay.sign(NOTICE, SECRET)}
    vnpay.verify(signed, [SECRET])
    name = data.draw(st.sampled_from(sorted(signed)))
    text = signed[name]
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(
        st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c.lower() != text[at].lower())
    )
    with pytest.raises(vnpay.BadSignature):
        vnpay.verify({**signed, name: text[:at] + letter + text[at + 1 :]}, [SECRET])


@given(data=st.data())
def test_a_value_added_removed_or_moved_fails_the_signature(data: st.DataObject) -> None:
    signed = {**NOTICE, vnpay.HASH: vnpay.sign(NOTICE, SECRET)}
    one, other = data.draw(st.permutations(sorted(NOTICE)).map(lambda names: names[:2]))
    for changed in (
        {k: v for k, v in signed.items() if k != one},
        {**signed, one: signed[other], other: signed[one]},
        {**signed, "vnp_More": "1"},
        {**signed, one: f"{signed[one]}&{other}={signed[other]}"},
    ):
        if changed != signed:
            with pytest.raises(vnpay.BadSignature):
                vnpay.verify(changed, [SECRET])


def test_while_a_secret_is_replaced_both_verify_and_no_third() -> None:
    for secret in (SECRET, OTHER):
        vnpay.verify({**NOTICE, vnpay.HASH: vnpay.sign(NOTICE, secret)}, [OTHER, SECRET])
    with pytest.raises(vnpay.BadSignature):
        vnpay.verify({**NOTICE, vnpay.HASH: vnpay.sign(NOTICE, "a-third-secret")}, [OTHER, SECRET])
    with pytest.raises(vnpay.BadSignature):
        vnpay.verify({**NOTICE, vnpay.HASH: "ký"}, [SECRET])


def test_the_first_secret_signs_and_all_verify() -> None:
    settings = PaymentSettings.model_construct(
        vnpay_secret=SecretStr(OTHER),
        vnpay_other_secrets=(SecretStr(SECRET),),
        paygov_secret=SecretStr(SECRET),
        paygov_other_secrets=(SecretStr(OTHER),),
    )
    assert (settings.vnpay_secrets, settings.paygov_secrets) == ((OTHER, SECRET), (SECRET, OTHER))


@pytest.mark.parametrize("secrets", [[SECRET, OTHER], [OTHER, SECRET]])
def test_signatures_are_compared_in_constant_time_with_every_secret(
    secrets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def watched(given: bytes, expected: bytes) -> bool:
        compared.append((given, expected))
        return real(given, expected)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    vnpay.verify({**NOTICE, vnpay.HASH: vnpay.sign(NOTICE, SECRET)}, secrets)
    paygov.verify(paygov.signed(RESULT, SECRET), secrets)
    assert len(compared) == 4, "which secret fits does not show in the time either"
    assert all(len(given) == len(expected) for given, expected in compared)


RESULT = {"data": "eyJNYVRoYW1DaGlldSI6ICJhIn0=", "responseCode": "00"}


def test_both_sides_of_the_national_platform_sign_alike() -> None:
    assert paygov.sign(RESULT, SECRET) == code_of(RESULT, SECRET)
    assert len(paygov.sign(RESULT, SECRET)) == 64


@given(data=st.data())
def test_any_single_changed_byte_fails_the_platform_s_signature(data: st.DataObject) -> None:
    signed = paygov.signed(RESULT, SECRET)
    paygov.verify(signed, [OTHER, SECRET])
    name = data.draw(st.sampled_from(sorted(signed)))
    at = data.draw(st.integers(0, len(signed[name]) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda c: c != signed[name][at]))
    changed = signed[name][:at] + letter + signed[name][at + 1 :]
    with pytest.raises(paygov.BadSignature):
        paygov.verify({**signed, name: changed}, [OTHER, SECRET])


def test_the_border_between_two_values_cannot_be_moved() -> None:
    one = {"a": "1", "b": "2&c=1:3"}
    other = {"a": "1", "b": "2", "c": "3"}
    assert paygov.sign(one, SECRET) != paygov.sign(other, SECRET)
    with pytest.raises(paygov.BadSignature):
        paygov.verify(RESULT, [])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "Expecting value"),
        ("x", "base64"),
        ("W10=", "no object"),
        ("e30=", "time"),
        ("eyJNYVRoYW1DaGlldSI6ICJhIiwgIlNvVGllbiI6ICI1LjAiLCAiVGhvaUdpYW5UaGFuaFRvYW4iOiAiMSJ9", "invalid literal"),
    ],
)
def test_a_result_that_cannot_be_read_is_a_value_error(data: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        paygov.notification({"data": data, "responseCode": "00"})
