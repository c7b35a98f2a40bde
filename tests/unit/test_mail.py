"""Mails: what stands in them, and what can never get into them."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from email import message_from_bytes
from email.policy import default
from functools import cache
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import texts
from restore.languages import SUPPORTED
from restore.mail import MAILS, PLACEHOLDER_VALUES, compose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER = "https://id.example.com/live"
TOKEN = "ada.lovelace.rV9q2LQ3m1Xw7pTz0aBcDe.Qk3vR8sT1uW5xY7zA9bC2d"
RESTORE_CODE = "7K2M-XQ4D-0RTV-9WZB-H3NC-8FJG-5PSY"
VALUES: dict[str, str | list[str]] = {
    "identity": "ada.lovelace",
    "code": "04729183",
    "validity": "600",
    "label": "K7QD",
    "device": "Erikas Neues",
    "by_device": "Pixel 8 (blau)",
    "platform": "ios",
    "time": "2026-11-24T14:05:09Z",
    "until": "2026-11-25T03:06:00Z",
    "token": TOKEN,
    "unpaired": ["Erikas Altes", "Tablet"],
    "by": "dispute",
    "which": "second_email",
    "reason": "Ticket 4711, Desk 3",
    "restore_code": RESTORE_CODE,
}
SHOWN: dict[str, dict[str, list[str]]] = {
    "en": {
        "validity": ["10 minutes"],
        "platform": ["iOS"],
        "time": ["14:05 UTC, 24\u00a0Nov\u00a02026"],
        "until": ["03:06 UTC, 25\u00a0Nov\u00a02026"],
        "token": [f"{SERVER}/dispute/{TOKEN}"],
        "by": ["the link in a mail to you"],
        "which": ["the second, for notices alone"],
    },
    "de": {
        "validity": ["10 Minuten"],
        "platform": ["iOS"],
        "time": ["14:05\u00a0Uhr UTC, 24.\u00a0November 2026"],
        "until": ["03:06\u00a0Uhr UTC, 25.\u00a0November 2026"],
        "token": [f"{SERVER}/dispute/{TOKEN}"],
        "by": ["den Link in einer E-Mail an Sie"],
        "which": ["die zweite, nur für Nachrichten"],
    },
}
KINDS = sorted(folder.name for folder in MAILS.iterdir() if folder.is_dir())
CASES = list(product(KINDS, SUPPORTED))
WITH_CODE = {"address_confirmation", "restoration_code"}
WITH_DISPUTE = {
    "address_changed",
    "address_removed",
    "address_requested",
    "device_paired",
    "identity_restored",
    "restoration_code",
    "restoration_requested",
}
CHOSEN = {"device": 64, "reason": 500}
"""Words that a person chose, and of how many symbols."""
BY_ADMINISTRATORS = [kind for kind in KINDS if "reason" in texts.read(MAILS / kind, "en").placeholders]


class Read(NamedTuple):
    """A mail as its reader's program takes it apart."""

    headers: dict[str, str]
    text: str
    html: str

    @property
    def lines(self) -> list[str]:
        """The lines of the plain text."""
        return self.text.splitlines()


def wanted(kind: str) -> set[str]:
    """Return the names of the values that a kind takes."""
    names = texts.read(MAILS / kind, "en").placeholders - {"server"}
    return {PLACEHOLDER_VALUES.get(name, name) for name in names}


@cache
def harmless_mail(kind: str, language: str, value: str) -> Read:
    """Return a mail with words of which nobody needs to be afraid."""
    return mail(kind, language, **{value: "Harmless"})


def mail(kind: str, language: str = "en", **changed: str | Sequence[str]) -> Read:
    """Return a mail with the values of this module, but for the changed ones."""
    values: dict[str, str | Sequence[str]] = {name: VALUES[name] for name in wanted(kind)} | changed
    return read(raw(kind, language, values))


def raw(
    kind: str,
    language: str,
    values: Mapping[str, str | Sequence[str]],
    *,
    sender: str = "Identität <restore@id.example.com>",
    to: str = "erika@example.com",
    server: str = SERVER,
) -> bytes:
    """Return a message as it goes to SES."""
    return compose(kind, language, sender=sender, to=to, server=server, values=values)


def read(message: bytes) -> Read:
    """Take a message apart with Python's own parser; no header may stand in it twice."""
    parsed = message_from_bytes(message, policy=default)
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert plain is not None
    assert html is not None
    headers = {name.lower(): str(value) for name, value in parsed.items()}
    assert len(headers) == len(parsed.items()), "a header twice"
    return Read(headers, plain.get_content(), html.get_content())


class Elements(HTMLParser):
    """The elements of a document in their order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and its attributes."""
        self.tags.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Note an element's end."""
        self.tags.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        """Note what is read."""
        self.words += data


@pytest.mark.parametrize("kind", KINDS)
def test_every_language_has_the_same_placeholders(kind: str) -> None:
    """Who sends a mail gives the same values whatever the reader's language is; a missing language is an error here."""
    spoken = {path.stem for path in (MAILS / kind).iterdir()}
    assert spoken == set(SUPPORTED)
    per_language = {language: texts.read(MAILS / kind, language).placeholders for language in SUPPORTED}
    assert len(set(per_language.values())) == 1, per_language


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_every_value_is_in_both_parts(kind: str, language: str) -> None:
    """Nothing is left to be filled in, and whoever reads plain text is told what whoever reads HTML is told."""
    told = mail(kind, language)
    html = Elements(told.html)
    links = [dict(attributes).get("href") for tag, attributes in html.tags if tag == "a"]
    for name in wanted(kind):
        given_value = VALUES[name]
        plain = given_value if isinstance(given_value, list) else [given_value]
        for shown in SHOWN[language].get(name, plain):
            assert shown in told.text, name
            assert shown in html.words or shown in links, name
    assert SERVER in told.text
    assert SERVER in html.words
    for part in (told.headers["subject"], told.text, told.html):
        assert "${" not in part
        assert "$$" not in part


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_the_paragraphs_of_both_parts_are_the_same(kind: str, language: str) -> None:
    """The plain text is no poor relation: each of its paragraphs stands in the HTML, word for word."""
    told = mail(kind, language)
    words = " ".join(Elements(told.html).words.split())
    for line in told.lines:
        if not line or line == "-- " or line.startswith("http"):
            continue
        for piece in line.split(": ", 1) if ": " in line and len(line) < 90 else [line]:
            assert " ".join(piece.split()) in words


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_a_mail_says_what_happened_and_when(kind: str, language: str) -> None:
    """Every notice names identity and time; the mail to an address not confirmed yet must not name the identity."""
    told = mail(kind, language)
    if kind == "address_confirmation":
        assert "ada.lovelace" not in told.text + told.html
    else:
        assert "ada.lovelace" in told.text
        assert re.search(r"\b14:05\b.*\bUTC\b.*\b2026\b", told.text)


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_the_code_stands_alone_on_its_line(kind: str, language: str) -> None:
    """The contract: eight digits without blanks alone on a line, once, in mails that carry a code and in no other."""
    told = mail(kind, language)
    alone = [line for line in told.lines if re.fullmatch(r"\s*\d{8}\s*", line)]
    assert alone == (["04729183"] if kind in WITH_CODE else [])
    assert told.text.count("04729183") == len(alone)
    assert "04729183" not in told.headers["subject"]


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_the_link_stands_alone_on_its_line(kind: str, language: str) -> None:
    """The contract: the dispute link is below the server's address, alone on a line, and the only link of the mail."""
    told = mail(kind, language)
    expected = [f"{SERVER}/dispute/{TOKEN}"] if kind in WITH_DISPUTE else []
    assert [line for line in told.lines if re.fullmatch(r"https?://\S+", line)] == expected
    links = [dict(attributes)["href"] for tag, attributes in Elements(told.html).tags if tag == "a"]
    assert links == expected


@pytest.mark.parametrize("language", SUPPORTED)
def test_the_mail_of_a_restoration_says_where_the_code_belongs(language: str) -> None:
    """N4 N5: it names the server, the new device with its platform and the time, and where alone to type the code."""
    told = mail("restoration_code", language)
    for shown in (SERVER, "Erikas Neues", "iOS", "14:05"):
        assert shown in told.text
    assert {"en": "only into an app", "de": "nur in eine App"}[language] in told.text
    assert {"en": "If it was not you", "de": "Wenn Sie das nicht waren"}[language] in told.text


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_nothing_in_a_mail_looks_like_a_restore_code(kind: str, language: str) -> None:
    """A restore code stands in the one mail that is made for it, once: else neither groups nor 28 symbols in a row."""
    told = mail(kind, language)
    for part in (told.headers["subject"], told.text, Elements(told.html).words):
        holds = kind == "restore_code_sent" and part is not told.headers["subject"]
        assert part.count(RESTORE_CODE) == holds
        without_link = part.replace(TOKEN, "").replace(RESTORE_CODE, "")
        assert not re.search(r"([0-9A-Z]{4}[- ]){3}", without_link)
        assert not re.search(r"\b[0-9A-HJKMNP-TV-Z]{28}\b", without_link)


@pytest.mark.parametrize("language", SUPPORTED)
def test_the_mail_with_a_restore_code_says_what_it_is_worth(language: str) -> None:
    """S15: one mailbox now gets both codes: it says that a second is needed, that one waits, and to delete the mail."""
    told = mail("restore_code_sent", language)
    assert told.lines.count(RESTORE_CODE) == 1
    assert ("p", (("class", "code"),)) in Elements(told.html).tags
    for said in {
        "en": ("alone is not enough", "waits for at least 24 hours", "only into an app", "delete this mail"),
        "de": ("allein genügt nicht", "wartet mindestens 24 Stunden", "nur in eine App", "löschen Sie diese E-Mail"),
    }[language]:
        assert said in told.text


@pytest.mark.parametrize("language", SUPPORTED)
def test_a_mail_about_an_administrators_act_says_whom_to_ask(language: str) -> None:
    """N5: who did not expect it asks the administrators, not whoever wrote the mail; the reason is marked as theirs."""
    ask = {"en": "in a way that you already know", "de": "auf einem Weg, den Sie schon kennen"}[language]
    unasked = {"en": "If you did not", "de": "Wenn Sie "}[language]
    footer = {"en": "written by the administrator", "de": "hat die Administration geschrieben"}[language]
    assert len(BY_ADMINISTRATORS) == 7
    for kind in BY_ADMINISTRATORS:
        told = mail(kind, language)
        assert [line for line in told.lines if line.startswith(unasked) and ask in line], kind
        assert footer in "".join(told.lines[told.lines.index("-- ") :])
    assert footer not in mail("restore_disabled", language).text


@pytest.mark.parametrize("code", [RESTORE_CODE.lower(), RESTORE_CODE[:-5], RESTORE_CODE.replace("-", ""), "04729183"])
def test_what_is_no_restore_code_is_not_mailed_as_one(code: str) -> None:
    """Seven groups of four of its symbols, and nothing else; the error repeats nothing."""
    for wrong in (code, f"{RESTORE_CODE}\n"):
        with pytest.raises(ValueError, match="the restore_code is not of its form") as refused:
            mail("restore_code_sent", restore_code=wrong)
        assert wrong not in str(refused.value)


@pytest.mark.parametrize("name", ["code", "label", "identity", "validity", "token", "platform", "by", "time", "until"])
def test_no_value_but_words_has_room_for_a_restore_code(name: str) -> None:
    """Were a caller to mix up its values, the mail would not be made; the error repeats nothing."""
    code = RESTORE_CODE
    kinds = [kind for kind in KINDS if name in wanted(kind)]
    assert kinds
    for kind, wrong in product(kinds, (code, code.replace("-", ""))):
        if name == "token" and wrong != code:
            continue  # 28 symbols are one form of a token: it is random, too
        with pytest.raises(ValueError, match=r"form|known") as refused:
            mail(kind, **{name: f"{wrong} "})
        assert wrong not in str(refused.value)


def test_a_subject_holds_nothing_that_a_person_chose() -> None:
    """A subject is shown by locked phones and in lists, before anything marks a name as a name."""
    for kind, language in CASES:
        title = texts.read(MAILS / kind, language)._replace(blocks=()).placeholders
        assert title <= {"label"}


def test_an_address_not_confirmed_gets_nothing_that_anybody_chose() -> None:
    """Otherwise a creation would send words of one's choice to strangers."""
    assert wanted("address_confirmation") == {"code", "validity"}


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_the_envelope(kind: str, language: str) -> None:
    """Sender, receiver, language; machines shall not reply; Date and Message-ID are left to SES."""
    told = mail(kind, language)
    assert set(told.headers) == {
        "from",
        "to",
        "subject",
        "content-language",
        "auto-submitted",
        "x-auto-response-suppress",
        "mime-version",
        "content-type",
    }
    assert told.headers["from"] == "Identität <restore@id.example.com>"
    assert told.headers["to"] == "erika@example.com"
    assert told.headers["content-language"] == language
    assert told.headers["auto-submitted"] == "auto-generated"
    assert 8 <= len(told.headers["subject"]) <= 70


def test_a_message_is_made_of_short_ascii_lines() -> None:
    """RFC 5321, 4.5.3.1.6, and servers without 8BITMIME: whatever the names hold."""
    message = raw(
        "identity_restored", "de", {name: VALUES[name] for name in wanted("identity_restored")} | {"device": "Ж" * 64}
    )
    assert message.isascii()
    assert max(len(line) for line in message.split(b"\r\n")) <= 998
    assert message.count(b"\n") == message.count(b"\r\n")


BAD_ADDRESSES = [
    "",
    "erika",
    "@example.com",
    "erika@",
    "erika@example.com\r\nBcc: all@example.com",
    "erika@example.com\nBcc: all@example.com",
    "erika@example.com\r",
    "erika@example.com\n",
    "erika\r\n@example.com",
    "erika@exam\r\n ple.com",
    "erika@example.com\x00",
    "erika@example.com\u2028Bcc: all@example.com",
    "erika@example.com, all@example.com",
    "erika@example.com all@example.com",
    "all@example.com,erika@example.com",
    "<erika@example.com>",
    '"erika"@example.com',
    "erika@example.com (Bcc: all)",
    "erika;all@example.com",
    "erika:all@example.com",
    "er ika@example.com",
    "erika@exa mple.com",
    "erika@-example.com",
    "erika@example..com",
    ".erika@example.com",
    "er..ika@example.com",
    "erika@[127.0.0.1]",
    "erika@@example.com",
    "=?utf-8?q?erika?= <a@example.com>",
    "érika@example.com",
    f"{'e' * 65}@example.com",
    f"erika@{'a.' * 130}com",
    "erika@example.com\u0085X: y",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """No address brings further headers or receivers along, as receiver or as sender."""
    values = {name: VALUES[name] for name in wanted("restore_disabled")}
    with pytest.raises(ValueError, match="address") as refused:
        raw("restore_disabled", "en", values, to=address)
    assert "all@" not in str(refused.value)
    with pytest.raises(ValueError, match=r"address|sender"):
        raw("restore_disabled", "en", values, sender=f"Identity <{address}>")


@pytest.mark.parametrize("name", ["A\r\nBcc: all@example.com", "A\n", "A\u2028B", "A\x7f", "A\u202e"])
def test_a_senders_name_brings_no_header(name: str) -> None:
    """The operator's own mistake is refused, too."""
    values = {name: VALUES[name] for name in wanted("restore_disabled")}
    with pytest.raises(ValueError, match="sender"):
        raw("restore_disabled", "en", values, sender=f"{name}x <restore@id.example.com>")


@given(st.text(max_size=40))
def test_no_address_makes_a_further_header(text: str) -> None:
    """Whatever is given as an address: it is refused, or it stands in the one header of one receiver."""
    values = {name: VALUES[name] for name in wanted("restore_disabled")}
    try:
        message = raw("restore_disabled", "en", values, to=f"{text}@example.com")
    except ValueError:
        return
    assert read(message).headers["to"] == f"{text}@example.com"
    assert "bcc" not in read(message).headers


def test_a_domain_of_other_letters_is_written_in_ascii() -> None:
    """IDNA: SES takes no other; the person's letters still arrive."""
    values = {name: VALUES[name] for name in wanted("restore_disabled")}
    message = raw("restore_disabled", "en", values, to="erika@bücher.example", sender="restore@id.example.com")
    assert read(message).headers["to"] == "erika@xn--bcher-kva.example"
    assert read(message).headers["from"] == "restore@id.example.com"


@pytest.mark.parametrize(
    "server",
    [
        "",
        "id.example.com",
        "javascript:alert(1)",
        "https://",
        "https://id.example.com/\r\n",
        "https://a b",
        'https://a/"x',
        "https://a/?x",
        "https://a/#x",
        "https://a@b/",
    ],
)
def test_a_servers_address_that_is_none_is_refused(server: str) -> None:
    """It may come from a Host header: nothing else than an address of letters, digits and path gets into a mail."""
    with pytest.raises(ValueError, match="server"):
        raw("restore_disabled", "en", {name: VALUES[name] for name in wanted("restore_disabled")}, server=server)


@pytest.mark.parametrize(
    "server",
    ["https://id.example.com/", "http://127.0.0.1:4566/live", "https://ID.example.org:8443", "http://[::1]:4566/live"],
)
def test_every_kind_of_address_of_a_server_is_known(server: str) -> None:
    """The link is below the server's address, which may end in a slash."""
    values = {name: VALUES[name] for name in wanted("restoration_code")}
    assert f"{server.rstrip('/')}/dispute/{TOKEN}" in read(raw("restoration_code", "en", values, server=server)).lines


HOSTILE = [
    "https://evil.example click",
    "evil.example",
    "www.evil.example/a?b=c",
    "//evil.example",
    "mailto:a@evil.example",
    "tel:+498912345",
    "evil。example",
    "evil\uff0eexample",
    "evil｡example/login",
    "https\uff1a//evil",
    "help\uff20evil",
    "<a href='https://evil.example'>Anna</a>",
    "<img src=x onerror=alert(1)>",
    "</td></table><h1>Call us</h1>",
    "&lt;b&gt;",
    "${code}",
    "[Click](${dispute_link})",
    "- Server: evil",
    "\u202eenohP",
    "a\u2066b\u2069c\u200fd",
    "iPhone\r\n\r\n87654321\r\n",
    "iPhone\n87654321",
    "iPhone\u202887654321\u2029x",
    "a\x00b\x1b[31mc\x7f",
    "x” is fine. “y",
    "x“ ist gut. „y",
    '" onmouseover="alert(1)',
    "Z" + "\u0301" * 60,
    "\ufeff\u200b\u2060",
    "   ",
    "\U000e0041\U000e0042",
    "\ud800",
    "A" * 5000,
    "طارق",
]


def check_neutral(kind: str, language: str, name: str, value: str = "device") -> None:
    """A mail with this device's name, or reason, differs from a harmless one in its own words alone."""
    told, harmless = mail(kind, language, **{value: name}), harmless_mail(kind, language, value)
    assert told.headers == harmless.headers | {"content-type": told.headers["content-type"]}  # its boundary is random
    assert len(told.lines) == len(harmless.lines)
    html, plain_html = Elements(told.html), Elements(harmless.html)
    assert html.tags == plain_html.tags
    opening, closing = {"en": ("“", "”"), "de": ("„", "“")}[language]
    [(line, before)] = [pair for pair in zip(told.lines, harmless.lines, strict=True) if "Harmless" in pair[1]]
    label = before.partition(opening)[0]
    assert line.startswith(label + opening)
    assert line.endswith(closing)
    shown = line.removeprefix(label + opening).removesuffix(closing)
    assert line.count(closing) == 1 + (opening == closing)
    assert [other for other in told.lines if other != line] == [other for other in harmless.lines if other != before]
    isolated = shown.startswith("\u2068") and shown.endswith("\u2069")
    bare = shown[1:-1] if isolated else shown
    assert bare
    assert len(bare) <= CHOSEN[value] * 3  # brackets may stand around each symbol
    assert f"{opening}{bare}{closing}" in html.words
    assert not [symbol for symbol in bare if unicodedata.category(symbol)[0] in "CZ" and symbol != " "]
    assert not re.search(r"[^\s\[](://|[@\uff20]|(?<![\d.])\.[^\s\].])|www\.", f" {bare}")
    assert not re.search(r"[a-z]:\S", bare, re.IGNORECASE)
    if not isolated:
        assert not [symbol for symbol in bare if unicodedata.bidirectional(symbol) in {"R", "AL", "AN"}]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize("value", CHOSEN)
def test_a_hostile_name_is_only_a_name(value: str, name: str, language: str) -> None:
    """Neither markup nor link nor line nor direction: in quotation marks stand the device's name or the reason."""
    kinds = [kind for kind in KINDS if value in wanted(kind)]
    assert kinds
    for kind in kinds:
        check_neutral(kind, language, name, value)


def test_a_reason_is_told_whole() -> None:
    """As many symbols as an administrator may write; what the person is told is what the log keeps."""
    assert f"“{'R' * 500}”" in mail("restore_barred", reason="R" * 500).text


@given(st.text(max_size=64) | st.text(alphabet="ab.:/@<>\"'&[](){}$ \n\u202e\u0301א1", max_size=64))
def test_any_name_is_only_a_name(name: str) -> None:
    """The same for whatever may come."""
    check_neutral("restoration_code", "de", name)


@pytest.mark.parametrize(
    "name",
    [
        "Erikas Neues",
        "Anna's iPhone 15 Pro (blue)",
        "Pixel 8",
        "iPhone, iOS 18.1",
        "R2-D2 🤖",
        "張さんの電話",
        "Tab A7 & Co.",
    ],
)
def test_an_honest_name_is_shown_as_it_is(name: str) -> None:
    """Names of people's phones are not disfigured."""
    told = mail("restoration_code", device=name)
    assert f"“{name}”" in told.text
    assert f"“{name}”" in Elements(told.html).words


def test_names_in_a_list_are_neutral_too() -> None:
    """The unpaired devices chose their names as well; without any the mail says so."""
    told = mail("identity_restored", unpaired=["a\nb", "https://evil.example", "x"])
    assert "Unpaired devices: “a b”, “https[:]//evil[.]example”, “x”" in told.lines
    assert "Unpaired devices: none" in mail("identity_restored", unpaired=[]).lines
    with pytest.raises(ValueError, match="list"):
        mail("identity_restored", unpaired="x")


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_exactly_those_asked_for(kind: str) -> None:
    """A missing value and an unknown one are mistakes of ours, and no mail is better than a wrong one."""
    values = {name: VALUES[name] for name in wanted(kind)}
    for name in values:
        with pytest.raises(ValueError, match=rf"lacks .*{name}"):
            raw(kind, "en", {key: value for key, value in values.items() if key != name})
    with pytest.raises(ValueError, match=r"does not take .*secret"):
        raw(kind, "en", values | {"secret": "x"})
    if kind != "restore_code_sent":
        with pytest.raises(ValueError, match=r"does not take .*restore_code"):
            raw(kind, "en", values | {"restore_code": RESTORE_CODE})


@pytest.mark.parametrize("kind", ["", "no_such_kind", "../mails/restore_enabled", "frame", "/etc", "Restore_enabled"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    """A kind is a folder of ours, and never a path."""
    with pytest.raises(ValueError, match=r"there is no such text|no kind"):
        raw(kind, "en", {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "1234567"),
        ("code", "123456789"),
        ("code", "1234 5678"),
        ("code", "١٢٣٤٥٦٧٨"),
        ("code", "12345678\n"),
        ("validity", "0"),
        ("validity", "-5"),
        ("identity", "Ada"),
        ("identity", "a"),
        ("identity", "ada\nx"),
        ("platform", "<b>"),
        ("time", "yesterday"),
        ("time", ""),
        ("token", "short"),
        ("token", "a" * 22 + "\n"),
        ("token", "a" * 22 + "/x"),
    ],
)
def test_a_value_that_is_not_of_its_form_is_refused(name: str, value: str) -> None:
    """What only the service itself can have made has exactly the form that it makes."""
    kind = "address_confirmation" if name in {"code", "validity"} else "restoration_code"
    with pytest.raises(ValueError, match=r"form|known"):
        mail(kind, **{name: value})


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        ("600", "10 minutes", "10 Minuten"),
        ("60", "1 minute", "1 Minute"),
        ("119", "1 minute", "1 Minute"),
        ("3", "3 seconds", "3 Sekunden"),
        ("1", "1 second", "1 Sekunde"),
    ],
)
def test_validity_is_told_in_whole_minutes_or_seconds(seconds: str, english: str, german: str) -> None:
    """Never longer than the code is good."""
    assert f"good for {english}." in mail("address_confirmation", "en", validity=seconds).text
    assert f"gilt {german}." in mail("address_confirmation", "de", validity=seconds).text


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    """RFC 3339 allows an offset; a mail names one zone."""
    assert "Time: 13:05 UTC, 24\u00a0Nov\u00a02026" in mail("restore_disabled", time="2026-11-24T14:05:00+01:00").lines


def test_a_language_not_spoken_is_written_in_english() -> None:
    """A release reads what its neighbours wrote: a language that came later is no failure."""
    assert mail("restore_disabled", "fr").text == mail("restore_disabled", "en").text
    assert mail("restore_disabled", "fr").headers["content-language"] == "en"


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_the_html_is_readable_by_everybody_and_loads_nothing(kind: str, language: str) -> None:
    """WCAG: language, title, one heading, named table rows. No image, script, font or style from anywhere."""
    html = mail(kind, language).html
    tags = Elements(html).tags
    names = [tag for tag, _ in tags]
    assert ("html", (("lang", language),)) in tags
    assert names.count("title") == names.count("h1") == 1
    assert all(dict(attributes).get("scope") == "row" for tag, attributes in tags if tag == "th")
    assert not {"img", "script", "link", "iframe", "form", "object", "video", "base"} & set(names)
    assert not re.search(r"url\(|@import|src=", html)
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
    for tag in set(names) - {"meta", "html", "body", "br", "wbr", "!doctype"}:
        if not tag.startswith("/"):
            assert names.count(tag) == names.count(f"/{tag}"), tag


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_colours_are_told_apart_by_everybody() -> None:
    """WCAG 1.4.3: at least 4.5 to 1, in light and in dark."""
    style = (MAILS / "frame.html").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for theme in (light, dark):
        rules = dict(re.findall(r"^([^{}@\n]+?) \{([^}]*)\}", theme, re.MULTILINE))
        sheet, text = rules[".sheet"], rules["body"]
        faint = next(rule for names, rule in rules.items() if ".foot" in names.split(", "))
        pairs = [(text, sheet), (faint, sheet), (text, rules[".code"]), (rules[".act"], rules[".act"])]
        for ink, ground in pairs:
            front = re.search(r"(?<![-a-z])color: (#[0-9a-f]{6})", ink)
            back = re.search(r"background: (#[0-9a-f]{6})", ground)
            assert front
            assert back
            bright, dim = sorted((luminance(front[1]), luminance(back[1])), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (front[1], back[1])


@pytest.mark.parametrize(("kind", "language"), CASES)
def test_the_german_is_formal_and_no_text_is_left_over_from_another(kind: str, language: str) -> None:
    """Sie, never du; English words in a German mail, or the other way round, are a copy that was not finished."""
    text = mail(kind, language).text
    if language == "de":
        assert not re.search(r"\b(du|dir|dich|dein\w*)\b", text, re.IGNORECASE)
        assert not re.search(r"\b(the|your|with|you)\b", text)
    else:
        assert not re.search(r"\b(die|der|und|nicht|Sie)\b", text)


def test_what_a_cold_start_pays() -> None:
    """Importing the module brings no parser of headers, sending a mail neither pydantic nor a template engine."""
    program = """
import sys
import restore.mail
early = set(sys.modules)
restore.mail.compose("restore_disabled", "de", sender="a@example.com", to="b@example.com", server="https://a",
                     values={"identity": "ada", "time": "2026-11-24T14:05:00Z"})
print(sorted({"email.policy", "email.headerregistry", "html", "pydantic", "botocore"} & early),
      sorted({"pydantic", "jinja2", "mako", "markupsafe", "botocore"} & set(sys.modules)))
"""
    layer = Path(texts.__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(layer)}
    )
    assert result.stdout.strip() == "[] []"
