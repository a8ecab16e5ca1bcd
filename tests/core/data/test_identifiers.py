"""Addresses, phone numbers, plates and identity numbers: what is found, and what looks alike and is left."""

import pytest

from core.data.identifiers import identifiers


def found(text: str) -> set[tuple[str, str]]:
    return {(kind, text[start:end]) for start, end, kind in identifiers(text)}


@pytest.mark.parametrize(
    "text, kind, told",
    [
        ("write to anna.lind+car@mail.example.co.uk, please", "email", "anna.lind+car@mail.example.co.uk"),
        ("it's oskar.lind at example dot com", "email", "oskar.lind at example dot com"),
        ("+49 170 1234567 is best", "phone", "+49 170 1234567"),
        ("ring 0171 2345678 tonight", "phone", "0171 2345678"),
        ("or (415) 555-2671", "phone", "(415) 555-2671"),
        ("in London 020 7946 0958", "phone", "020 7946 0958"),
        ("au 06 12 34 56 78", "phone", "06 12 34 56 78"),
        ("我的电话13800138000。", "phone", "13800138000"),
        ("call me on 555 1234", "phone", "555 1234"),
        ("my number is 5551234, thanks", "phone", "5551234"),
        ("it is AB12 CDE", "plate", "AB12 CDE"),
        ("the one with B-MW 1234", "plate", "B-MW 1234"),
        ("AB-123-CD in front", "plate", "AB-123-CD"),
        ("my plate is ABC 123", "plate", "ABC 123"),
        ("京A12345", "plate", "京A12345"),
        ("IBAN DE89 3704 0044 0532 0130 00 at the bank", "id", "DE89 3704 0044 0532 0130 00"),
        ("card 4111 1111 1111 1111 please", "id", "4111 1111 1111 1111"),
        ("passport number is C01X00T47", "id", "C01X00T47"),
        ("SSN 078-05-1120", "id", "078-05-1120"),
        ("证件11010519491231002X", "id", "11010519491231002X"),
    ],
)
def test_what_tells_who_somebody_is_is_found(text: str, kind: str, told: str) -> None:
    assert (kind, told) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "28,900 or 10,000 euros, 45 000 km, 1.234.567 and 31500.50",
        "between 61500 47500, 310 2018 2019, 28900 31500",
        "on 12.05.2024 10:30, 2024-05-12, 05/12/2024 at 9:15, in 2018",
        "0-60 in 5.9 s, 0.123456789, 100% and 50/50",
        "a BMW X5, VW ID 3, Mercedes GLC 300, Audi Q8 55 TFSI, 5000RPM, 2018 BMW",
        "COVID-19 and ISO-9001, order number 4821993, article 12345678",
        "615 000 000 euros",
        "4111 1111 1111 1112",
        "DE88 3704 0044 0532 0130 00",
        "look at my dot on the map",
        "@ me",
        "",
    ],
)
def test_prices_years_mileages_dates_and_cars_stay(text: str) -> None:
    assert found(text) == set()
