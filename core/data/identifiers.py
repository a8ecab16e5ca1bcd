"""Where a text tells an e-mail address, a phone number, a number plate or an identity number.

Careful rather than thorough: prices, years, mileages, dates, times and car names stay. What only a cue makes certain
("my number is ...", "registration ...") is found after the cue alone. Digits spelled out in words are not found.

Phone numbers are judged by `phonenumbers`, the port of Google's libphonenumber.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType

Found = tuple[int, int, str]
"""First character, the one after the last, kind."""

ZERO_LED = ("GB", "DE", "FR", "NL", "IT", "AT", "CH", "BE", "SE", "FI", "AU", "IE")
"""Regions whose national numbers begin with 0, which no price or mileage does."""
MOBILE_ONLY = ("CN", "ES", "PL")
"""Regions without that 0: their mobile numbers alone are taken."""
MOBILES = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}

_EMAIL = re.compile(r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,4}[^\W\d_]{2,24}")
_SPOKEN_EMAIL = re.compile(
    r"\b[\w.-]{1,40} at [\w-]{1,40} dot (?:com|net|org|info|eu|de|fr|es|it|nl|uk|co dot uk|cn)\b", re.IGNORECASE
)

_SOME_DIGITS = re.compile(r"\d[^\n]{0,30}?\d")

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\d.,+])[2-6](?:[ -]?\d){12,18}(?!\d)")
_CHINESE_ID = re.compile(r"(?<!\d)[1-9]\d{16}[\dXx](?!\d)")
_SOCIAL_SECURITY = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_NATIONAL_INSURANCE = re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b")
_ID_CUE = re.compile(
    r"\b(?:(?:passport|social security|ssn|national insurance|vin|personalausweis|reisepass|dni|bsn|codice fiscale)"
    r"(?: (?:number|no\b\.?|nummer|card|code))*"
    r"|(?:id|identity|tax|account|policy|(?:driving |driver'?s )?licen[cs]e|chassis|ausweis|konto)[ -]?(?:card )?"
    r"(?:number|no\b\.?|nummer))(?: (?:is|ist|es|est))?[:#]? {0,2}",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?:[A-Z]{1,3}[ -]?)?\d[A-Z0-9]*(?:[ -][A-Z0-9]*\d[A-Z0-9]*)*")

_PLATES = re.compile(
    r"\b(?:"
    r"[A-HJ-PR-Y][A-HJ-PR-Y][0-7]\d ?[A-HJ-PR-Z]{3}"  # United Kingdom
    r"|[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} ?[1-9]\d{0,3}[EH]?"  # Germany
    r"|[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2}"  # France, Italy
    r"|[A-HJ-NP-TV-Z]{2}\d{3}[A-HJ-NP-TV-Z]{2}"
    r"|(?!\d{4}-?(?:RPM|KWH|KMH|HKD|CNY|MXN|PLN|DKK|NTD))(?!19|20)\d{4}-?[BCDFGHJKLMNPRSTVWXYZ]{3}"  # Spain
    r"|[A-Z]{2}-\d{2}-[A-Z]{2}|\d{2}-[A-Z]{2}-[A-Z]{2}|[A-Z]{2}-[A-Z]{2}-\d{2}"  # the Netherlands
    r"|[A-Z]-\d{3}-[A-Z]{2}|[A-Z]{2}-\d{3}-[A-Z]"
    r"|[1-9][A-Z]{3}\d{3}"  # California
    r")\b|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z]·?[A-HJ-NP-Z0-9]{5,6}(?![A-Z0-9])"
)
_PLATE_CUE = re.compile(
    r"\b(?:(?:number|licen[cs]e|registration|reg) ?plates?|plates?|registration(?: number)?|reg (?:number|no\b\.?)"
    r"|kennzeichen|immatriculation|matrícula|targa|kenteken)(?: (?:number|is|are|ist|es|est|è))*[:,]? {0,2}",
    re.IGNORECASE,
)
_PLATE = re.compile(r"(?=[A-ZÄÖÜ0-9 -]*[A-ZÄÖÜ])[A-ZÄÖÜ0-9]{1,7}(?:[ -][A-ZÄÖÜ0-9]{1,4}){0,2}\b")

_DIGITS = re.compile(r"(?<![\d.,€$£])(?:\+ ?|\()?\d(?:[ ()./\-–\xa0]{0,3}\d){6,60}(?![.,]?\d)")
_PHONE_CUE = re.compile(
    r"(?:\b(?:(?:my|your|his|her|our|phone|mobile|cell|telephone) number|(?:call|ring|reach|text|phone)"
    r"(?: me| us| him| her)? (?:on|at|under)|phone|mobile|cell|tel\.?|telephone|whatsapp|handy|telefon|móvil|teléfono"
    r"|téléphone)|电话|手机|号码)[^\d\n+(]{0,12}\Z",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})(?!\d)")
_AMOUNT = re.compile(
    r" ?(?:€|\$|£|%|(?:euros?|eur|usd|dollars?|pounds?|km|kilomet|miles|yuan)\b|万|元|公里)", re.IGNORECASE
)


def claim(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    """Put a span into the sorted list, unless it overlaps one that is there; whether it was put."""
    at = bisect_left(taken, (start, end))
    if (at and taken[at - 1][1] > start) or (at < len(taken) and taken[at][0] < end):
        return False
    taken.insert(at, (start, end))
    return True


def identifiers(text: str) -> Iterator[Found]:
    """Every address and number found, the surer kinds first; a later one may overlap an earlier one."""
    if "@" in text:
        yield from ((*found.span(), "email") for found in _EMAIL.finditer(text))
    if " dot " in text.lower():
        yield from ((*found.span(), "email") for found in _SPOKEN_EMAIL.finditer(text))
    if not _SOME_DIGITS.search(text):
        return
    yield from _identities(text)
    yield from _phones(text)
    yield from ((*found.span(), "plate") for found in _PLATES.finditer(text))
    for cue in _PLATE_CUE.finditer(text):
        code = _PLATE.match(text, cue.end())
        if code and sum(c.isdigit() for c in code[0]) >= 2 and len(code[0]) >= 4:
            yield *code.span(), "plate"


def _identities(text: str) -> Iterator[Found]:
    for found in _IBAN.finditer(text):
        code = found[0]
        # What follows an account number may look like its next group.
        ends = [len(code), *(m.start() for m in re.finditer(" ", code))]
        for end in sorted(ends, reverse=True):
            if len(code[:end].replace(" ", "")) >= 15 and _is_iban(code[:end].replace(" ", "")):
                yield found.start(), found.start() + end, "id"
                break
    for found in _CARD.finditer(text):
        if _is_card(re.sub(r"\D", "", found[0])):
            yield *found.span(), "id"
    for found in _CHINESE_ID.finditer(text):
        if _is_chinese_id(found[0].upper()):
            yield *found.span(), "id"
    for pattern in (_SOCIAL_SECURITY, _NATIONAL_INSURANCE):
        yield from ((*found.span(), "id") for found in pattern.finditer(text))
    for cue in _ID_CUE.finditer(text):
        told = _CODE.match(text, cue.end())
        if told and len(told[0]) >= 5 and sum(c.isdigit() for c in told[0]) >= 4:
            yield *told.span(), "id"


def _is_iban(code: str) -> bool:
    """Source: ISO 13616, remainder 1 of the rearranged number by 97."""
    return int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 == 1


def _is_card(digits: str) -> bool:
    """Source: Luhn's check digit, ISO/IEC 7812."""
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0


def _is_chinese_id(code: str) -> bool:
    """Source: GB 11643, ISO 7064 mod 11-2."""
    total = sum(int(d) * pow(2, 17 - place, 11) for place, d in enumerate(code[:17]))
    return "10X98765432"[total % 11] == code[17]


def _phones(text: str) -> Iterator[Found]:
    for found in _DIGITS.finditer(text):
        said = found[0]
        digits = re.sub(r"\D", "", said)
        abroad = said.startswith("+") or (said.startswith("00") and len(digits) > 9)
        if not abroad and (_DATE.search(said) or _AMOUNT.match(text, found.end()) or _is_decimal(said)):
            continue
        cued = _PHONE_CUE.search(text, max(0, found.start() - 40), found.start())
        if (cued and len(digits) <= 15) or (abroad and _is_phone(said, "GB", Leniency.POSSIBLE)):
            yield *found.span(), "phone"
            continue
        line = text[max(0, found.start() - 1) : found.end() + 1].replace("\n", " ")
        for region in _regions(said, digits):
            numbers = [
                match
                for match in PhoneNumberMatcher(line, region, _leniency(region))
                if region not in MOBILE_ONLY or phonenumbers.number_type(match.number) in MOBILES
            ]
            for match in numbers:
                start = max(0, found.start() - 1) + match.start
                yield start, start + len(match.raw_string), "phone"
            if numbers:
                break


def _regions(said: str, digits: str) -> tuple[str, ...]:
    if digits.startswith("0"):
        return ZERO_LED
    # A plain run of ten digits is as likely an order number, so America's three groups must show.
    grouped = ("US",) if len(digits) in (10, 11) and re.search(r"\D", said) else ()
    return grouped + (MOBILE_ONLY if len(digits) in (9, 11) else ())


def _leniency(region: str) -> int:
    return Leniency.STRICT_GROUPING if region == "US" else Leniency.VALID


def _is_phone(said: str, region: str, leniency: int) -> bool:
    return any(True for _ in PhoneNumberMatcher(said, region, leniency))


def _is_decimal(said: str) -> bool:
    return re.fullmatch(r"\d+\.\d+", said) is not None
