"""Vietnamese mobile numbers.

Source of the conversion table: the ministry's plan of 15/9/2018 to 30/6/2019 (eleven digits to ten).
A prefix does not tell the carrier (numbers are portable), so nothing here names one.
"""

import re

import phonenumbers

from law.errors import NotAPhone, NotMobile, OldPrefix

_COUNTRY = 84
_OLD_DIGITS = 10  # after the country code or the leading 0
_READABLE = re.compile(r"\+?[0-9 ().\-]{8,30}")
_CONVERTED = {
    **dict(zip(("0120", "0121", "0122", "0126", "0128"), ("070", "079", "077", "076", "078"), strict=True)),
    **dict(zip(("0123", "0124", "0125", "0127", "0129"), ("083", "084", "085", "081", "082"), strict=True)),
    **{f"016{n}": f"03{n}" for n in range(2, 10)},
    **dict(zip(("0186", "0188", "0199"), ("056", "058", "059"), strict=True)),
}


def normalise(text: str) -> str:
    """Return the number in E.164, as "+84912345678"; what is already in E.164 comes back unchanged.

    Raises NotAPhone, OldPrefix (names the new prefix) or NotMobile.
    """
    number = _parse(text.strip())
    _refuse_old(number)
    # A number of a known type is a valid one: asking for both would look through all ranges twice.
    if phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.MOBILE:
        if not phonenumbers.is_valid_number(number):
            raise NotAPhone("not a Vietnamese phone number in use")
        raise NotMobile("not a mobile number: it takes no SMS")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parse(text: str) -> phonenumbers.PhoneNumber:
    if not _READABLE.fullmatch(text):
        raise NotAPhone("write the number in digits, as 0912345678 or +84912345678")
    try:
        number = phonenumbers.parse(text, "VN")
    except phonenumbers.NumberParseException as error:
        raise NotAPhone("cannot be read as a phone number") from error
    if number.country_code != _COUNTRY:
        raise NotAPhone("not a Vietnamese number")
    return number


def _refuse_old(number: phonenumbers.PhoneNumber) -> None:
    national = str(number.national_number)
    old = f"0{national[:3]}"
    if len(national) == _OLD_DIGITS and old in _CONVERTED:
        raise OldPrefix(old, _CONVERTED[old])
