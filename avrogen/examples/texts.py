"""Strings, bytes, UUIDs and the keys of maps."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TypeAlias
from uuid import UUID

from avrogen.examples.hints import FieldHints, by_words, singular, table, words_of
from avrogen.examples.numbers import date_text, moment_text

__all__ = ["fixed_bytes", "map_key", "some_bytes", "text", "unique_id"]

_Text: TypeAlias = Callable[[FieldHints], str]

_PEOPLE = (
    ("Ada", "Lovelace"),
    ("Alan", "Turing"),
    ("Grace", "Hopper"),
    ("Edsger", "Dijkstra"),
    ("Barbara", "Liskov"),
    ("Donald", "Knuth"),
    ("Frances", "Allen"),
    ("Tony", "Hoare"),
)


def text(about: FieldHints) -> str:
    """Return a string: a quoted example of the doc, or one by the field's name."""
    if about.quoted:
        return about.quoted[(about.number - 1) % len(about.quoted)]
    known = by_words(about.words, _TEXTS) or by_words((singular_end(about.words),), _TEXTS)
    if known:
        return known(about)
    if not about.words and about.record:
        named = by_words(about.record, _TEXTS)
        if named:
            return named(about)
    return f"{'-'.join(about.noun)}-{about.number}"


def singular_end(words: tuple[str, ...]) -> str:
    """Return the singular of the last word."""
    return singular(words[-1]) if words else ""


def unique_id(about: FieldHints) -> UUID:
    """Return a UUID, the same one wherever the same thing is identified."""
    digest = sha256(f"{'-'.join(about.noun)} {about.number}".encode()).digest()
    return UUID(bytes=digest[:16], version=4)


def some_bytes(about: FieldHints) -> bytes:
    """Return readable bytes."""
    return text(about).encode()


def fixed_bytes(about: FieldHints, size: int) -> bytes:
    """Return ``size`` bytes: an example of the doc if it fits, or a digest."""
    for quoted in about.quoted:
        if len(quoted.encode()) == size:
            return quoted.encode()
    seed = f"{'-'.join(about.noun)} {about.number}".encode()
    block = sha256(seed).digest()
    return (block * (size // len(block) + 1))[:size]


def map_key(about: FieldHints) -> tuple[str, FieldHints]:
    """Return a map key, and the hints for its value."""
    if about.quoted:
        return about.quoted[0], FieldHints(about.number, about.words, about.record)
    key = by_words(about.words, _KEYS)
    if key:
        return key, FieldHints(about.number, words_of(key), about.record)
    key = "en" if by_words(about.words, _TRANSLATED) else "key"
    return key, about.of_item()


_KEYS = table(
    {
        "attribute attributes detail details extra extras parameters params": "color",
        "context meta metadata properties": "source",
        "header headers": "content-type",
        "label labels tag tags annotations": "team",
    }
)
_TRANSLATED = table({"title titles name names description descriptions translations": True})


# --- what names lead to ---------------------------------------------------------------------------


def _one_of(*choices: str) -> _Text:
    return lambda about: choices[(about.number - 1) % len(choices)]


def _pool(*choices: str) -> _Text:
    """Return a pool's text as :func:`_one_of`, numbered from the second round on."""

    def pick(about: FieldHints) -> str:
        round_, index = divmod(about.number - 1, len(choices))
        return f"{choices[index]} {round_ + 1}" if round_ else choices[index]

    return pick


def _numbered(pattern: str) -> _Text:
    """Fill a pattern: ``{n}`` counts from 1, ``{thousand}`` from 1001."""
    return lambda about: pattern.format(n=about.number, thousand=1000 + about.number)


def _person(about: FieldHints) -> tuple[str, str]:
    return _PEOPLE[(about.number - 1) % len(_PEOPLE)]


def _full_name(about: FieldHints) -> str:
    return " ".join(_person(about))


def _email(about: FieldHints) -> str:
    first, last = _person(about)
    round_ = (about.number - 1) // len(_PEOPLE)
    return f"{first}.{last}{round_ or ''}@example.com".lower()


def _user(about: FieldHints) -> str:
    first, last = _person(about)
    round_ = (about.number - 1) // len(_PEOPLE)
    return f"{first[0]}{last}{round_ or ''}".lower()


def _name(about: FieldHints) -> str:
    """Choose a name by the words before it or by the record."""
    known = by_words((*about.record, *about.words[:-1]), _NAMES)
    return known(about) if known else f"{' '.join(about.noun).capitalize()} {about.number}"


def _id(about: FieldHints) -> str:
    return f"{'-'.join(about.noun)}-{1000 + about.number}"


def _uuid(about: FieldHints) -> str:
    return str(unique_id(about))


def _checksum(about: FieldHints) -> str:
    return fixed_bytes(about, 32).hex()


def _iban(about: FieldHints) -> str:
    """Return a German IBAN with valid check digits (ISO 13616, ISO 7064)."""
    account = f"37040044{532013000 + about.number - 1:010d}"
    check = 98 - int(f"{account}131400") % 97  # "DE00" as numbers at the end
    return f"DE{check:02d}{account}"


def _phone(about: FieldHints) -> str:
    """Return a phone number reserved for fiction."""
    return f"+44 20 7946 0{(about.number - 1) % 1000:03d}"


_PRODUCT = _pool("Desk lamp", "Office chair", "Bookshelf", "Notebook")
_CITY = _pool("Berlin", "Paris", "London", "Vienna")
_COMPANY = _pool("Example Ltd", "Acme Inc", "Sample GmbH")
_COUNTRY = _one_of("DE", "FR", "GB", "AT")
_STREET = _numbered("{n} Example Street")
_SENTENCE = _one_of("Please ring the bell twice.", "Thank you.", "Call before you come.")

_NAMES = table(
    {
        "user customer person employee contact recipient sender owner author buyer seller "
        "account holder member patient passenger driver full": _full_name,
        "category section department": _pool("Garden", "Kitchen", "Office"),
        "city town": _CITY,
        "company organization organisation merchant supplier vendor shop store": _COMPANY,
        "country": _one_of("Germany", "France", "United Kingdom", "Austria"),
        "file": _numbered("report-{n}.pdf"),
        "first given": lambda about: _person(about)[0],
        "host": _numbered("host-{n}.example.com"),
        "last family": lambda about: _person(about)[1],
        "product item article": _PRODUCT,
        "street": _one_of("Example Street"),
        "topic": _numbered("topic-{n}"),
        "user_name login": _user,
    }
)

_TEXTS: dict[str, _Text] = table(
    {
        "action operation": _one_of("create", "update", "delete"),
        "address street address_line line line1": _STREET,
        "agent user_agent": _one_of("Mozilla/5.0"),
        "app application service system": _one_of("web-shop", "back-office", "mobile-app"),
        "author buyer customer employee holder owner passenger person recipient sender": _full_name,
        "bic swift": _one_of("COBADEFFXXX", "BNPAFRPPXXX"),
        "brand": _one_of("Acme", "Example"),
        "browser": _one_of("Firefox", "Chrome", "Safari"),
        "carrier": _one_of("DHL", "UPS", "DPD"),
        "category department": _one_of("garden", "kitchen", "office"),
        "channel": _one_of("web", "app", "store"),
        "checksum digest hash sha256 signature token": _checksum,
        "city town": _CITY,
        "color colour": _one_of("green", "blue", "red"),
        "comment message note remark text body content": _SENTENCE,
        "company merchant organization organisation supplier vendor": _COMPANY,
        "content_type media_type mime_type": _one_of("application/json", "text/plain"),
        "correlation_id guid request_id session_id span_id trace_id uuid": _uuid,
        "country country_code": _COUNTRY,
        "currency currency_code": _one_of("EUR", "USD", "GBP"),
        "date day": date_text,
        "description summary": _one_of("A lamp for the desk, dimmable.", "A chair on five wheels."),
        "domain": _one_of("example.com", "example.org"),
        "email e_mail email_address mail mail_address": _email,
        "environment env stage": _one_of("production", "staging"),
        "event_type": _numbered("event-{n}"),
        "file filename path file_path": _numbered("/data/report-{n}.pdf"),
        "first_name given_name forename": lambda about: _person(about)[0],
        "gender": _one_of("female", "male"),
        "host hostname server": _numbered("host-{n}.example.com"),
        "iban": _iban,
        "id": _id,
        "ip ip_address ipv4": _numbered("192.0.2.{n}"),
        "isbn": _one_of("978-3-16-148410-0"),
        "job_title role": _one_of("engineer", "manager"),
        "lang language language_code": _one_of("en", "de", "fr"),
        "last_name family_name surname": lambda about: _person(about)[1],
        "level severity": _one_of("info", "warning", "error"),
        "locale": _one_of("en-GB", "de-DE", "fr-FR"),
        "login user_name username user": _user,
        "method http_method": _one_of("GET", "POST"),
        "mac mac_address": _one_of("00:00:5e:00:53:01"),
        "name": _name,
        "password secret": _one_of("correct horse battery staple"),
        "phone mobile phone_number telephone tel fax": _phone,
        "platform os": _one_of("linux", "macos", "windows"),
        "postal_code postcode zip zip_code plz": _one_of("10115", "75001", "20095"),
        "product item article": _PRODUCT,
        "product_id sku": _numbered("SKU-{thousand}"),
        "reason": _one_of("customer request", "out of stock"),
        "region state province": _one_of("Berlin", "Bavaria"),
        "source origin": _one_of("web", "app", "import"),
        "status": _one_of("active", "closed"),
        "subject headline title": _PRODUCT,
        "tag keyword": _one_of("new", "sale"),
        "team": _one_of("checkout", "logistics"),
        "timestamp time datetime at": moment_text,
        "timezone time_zone tz": _one_of("Europe/Berlin", "UTC"),
        "tracking_number": _numbered("00340434{thousand:012d}"),
        "unit": _one_of("piece", "kg"),
        "url uri link href website homepage": _numbered("https://example.com/{n}"),
        "version": _numbered("1.{n}.0"),
    }
)
