"""Mails: what a person is told, and the three kinds that carry a code.

Each kind is a folder of `mails/` with one text a language (`restore.texts` says how they are written). `compose` makes
a whole message of it, plain text and HTML, for SES's Raw content (the Simple one would do, but what stands in for SES
on a developer's machine drops its text part).

`Date` and `Message-ID` are left to SES, which sets both: composing needs no clock.

Rules that hold for all of them:

- A restore code stands in one kind of mail alone, `restore_code_sent`, and there in a value of its own. No other value
  has room for one but a device's name and a reason: words that a person chooses.
- A mail to an address that is not confirmed carries nothing that anybody could have chosen: it cannot be used to send
  words to strangers.
- A device's name is a stranger's text, and an administrator's reason may repeat one. They are shown in quotation marks,
  without control and direction characters, and so that no mail program makes a link of them. They never stand in a
  subject.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final, cast

from restore import texts
from restore.texts import Shown, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAILS: Final = Path(__file__).parent / "mails"

PLACEHOLDER_VALUES: Final = {"dispute_link": "token"}
"""Where a placeholder is made of a value of another name."""

_NAME_SYMBOLS: Final = 64
_REASON_SYMBOLS: Final = 500
_MARKS_IN_A_ROW: Final = 3
_ADDRESS_SYMBOLS: Final = 254
_LOCAL_PART_SYMBOLS: Final = 64

_NAMES: Final = frozenset({"device", "by_device", "unpaired"})
_KIND: Final = re.compile(r"[a-z]+(?:_[a-z]+)*", re.ASCII)
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>{_LABEL}(?:\.{_LABEL})*)", re.ASCII)
_SERVER: Final = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*", re.ASCII
)
_FORMS: Final = {
    "code": re.compile(r"[0-9]{8}", re.ASCII),
    "identity": re.compile(r"[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]", re.ASCII),
    "label": re.compile(r"[0-9A-HJKMNP-TV-Z]{4}", re.ASCII),
    "restore_code": re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}", re.ASCII),
    "token": re.compile(r"[A-Za-z0-9._-]{22,160}", re.ASCII),
    "validity": re.compile(r"[1-9][0-9]{0,6}", re.ASCII),
}

# What mail programs make a link of without being asked: a scheme, a host, an address. The brackets are the usual way to
# write one that is not to be followed. Between two digits a dot is a version (iOS 18.1).
_LINKISH: Final = re.compile(
    r"""(?<=\S)(?:
        [:\uff1a](?=\S) | [@\uff20]
        | (?<![0-9])[.\u3002\uff0e\uff61](?=\S) | [.\u3002\uff0e\uff61](?=[^\s0-9])
    )""",
    re.VERBOSE,
)
_QUOTATION_MARKS: Final = dict.fromkeys(
    map(ord, '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u301d\u301e\uff02'), "'"
)


def compose(
    kind: str,
    language: str,
    *,
    sender: str,
    to: str,
    server: str,
    values: Mapping[str, str | Sequence[str]],
) -> bytes:
    """Make the message of a kind in a language (English where this release does not speak it).

    `sender` is an address, or a name and an address in angle brackets; `to` an address; `server` the server's address
    (`https://…`, with its path). The values that each kind takes, no more and no fewer, are those of its placeholders:

    - `identity`: the identity's name
    - `code`: an e-mail code, eight digits; `validity`: for how many seconds it is good
    - `label`: the label of a restore code
    - `device`, `by_device`: a device's name; `platform`: `ios`, `android` or `other`
    - `unpaired`: a list of devices' names, perhaps empty
    - `reason`: an administrator's own words
    - `restore_code`: a restore code, seven groups of four; by `Outbox.send` alone, for what an act mails is stored
    - `time`, `until`: RFC 3339 with `Z`
    - `token`: of the dispute link
    - `which`: of the two addresses, `email` or `second_email`
    - `by`: who ended a restoration: `new_device`, `paired_device`, `dispute` or `administrator`

    Raises ValueError, which repeats nothing of what was given, where the kind is unknown, a value is missing, unknown
    or not of its form, or an address could not stand in a header (one that tries to bring further headers included).
    """
    if not _KIND.fullmatch(kind):
        raise ValueError("no kind of mail has such a name")
    text = texts.read(MAILS / kind, language)
    words = _words(text.language)
    server = server.removesuffix("/")
    if not _SERVER.fullmatch(server):
        raise ValueError("the server's address is none")
    wanted = {PLACEHOLDER_VALUES.get(name, name) for name in text.placeholders if name != "server"}
    if wanted != set(values):
        raise ValueError(f"{kind} lacks {sorted(wanted - set(values))}, does not take {sorted(set(values) - wanted)}")
    shown = {"server": Shown.plain(server)}
    for name in text.placeholders - {"server"}:
        shown[name] = _SHOWN[name](values[PLACEHOLDER_VALUES.get(name, name)], words, server)
    subject, plain = text.as_text(shown)
    heading, elements = text.as_html(shown)
    below = [words["footer"]]
    below += [words["about_names"]] if _NAMES & text.placeholders else []
    below += [words["about_reason"]] if "reason" in text.placeholders else []
    footer = texts.Text(text.language, "", tuple((paragraph,) for paragraph in below))
    page = _frame().substitute(
        language=text.language,
        title=heading,
        body=elements,
        footer=footer.as_html(shown)[1],
    )
    return _message(sender, to, text.language, subject, plain + "\n-- \n" + footer.as_text(shown)[1], page)


def _message(sender: str, to: str, language: str, subject: str, plain: str, page: str) -> bytes:
    # Here, and not above: parsing and registering headers costs a cold start more than all the rest of this module, and
    # what is refused mails nothing.
    from email.headerregistry import Address  # noqa: PLC0415 - see above
    from email.message import EmailMessage  # noqa: PLC0415 - see above
    from email.policy import SMTP  # noqa: PLC0415 - see above

    sender_name, sender_local, sender_domain = _sender(sender)
    local, domain = _address(to)
    message = EmailMessage(SMTP)
    message["From"] = Address(sender_name, sender_local, sender_domain)
    message["To"] = Address("", local, domain)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office note comes back
    message["X-Auto-Response-Suppress"] = "All"  # the same to Exchange, which does not know RFC 3834
    # Not 8bit: not every server on the way takes it.
    message.set_content(plain, cte="quoted-printable")
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    message["Content-Language"] = language  # after the content, which drops what describes it
    return message.as_bytes()


def _sender(sender: str) -> tuple[str, str, str]:
    name, bracket, rest = sender.rpartition("<")
    if not bracket:
        return "", *_address(sender)
    name = name.strip().strip('"')
    if not rest.endswith(">") or not name.isprintable():
        raise ValueError("the sender is no address")
    return name, *_address(rest[:-1])


def _address(address: str) -> tuple[str, str]:
    # The strict dot-atom form (RFC 5321, 4.1.2): no quoted local part, no comment, no route, no white space. No line
    # end, and nothing that two parsers of a header could read differently, gets any further.
    if not address.isascii():
        local, at, domain = address.rpartition("@")
        try:
            address = local + at + domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError("the domain of an address is none") from error
    match = _ADDRESS.fullmatch(address)
    if match is None or len(address) > _ADDRESS_SYMBOLS or len(match["local"]) > _LOCAL_PART_SYMBOLS:
        raise ValueError("an address is none, or not one that SES delivers to")
    return match["local"], match["domain"]


@cache
def _words(language: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads((MAILS / f"{language}.json").read_text(encoding="utf-8")))


@cache
def _frame() -> Template:
    return Template((MAILS / "frame.html").read_text(encoding="utf-8"))


def _single(value: str | Sequence[str]) -> str:
    if not isinstance(value, str):
        raise ValueError("a value is a list where one word belongs")  # noqa: TRY004 (one kind of error for all of them)
    return value


def _of_form(form: str) -> Callable[[str | Sequence[str], Mapping[str, Any], str], Shown]:
    def show(value: str | Sequence[str], words: Mapping[str, Any], server: str) -> Shown:  # noqa: ARG001 (one form for all)
        if not _FORMS[form].fullmatch(_single(value)):
            raise ValueError(f"the {form} is not of its form")
        return Shown.plain(_single(value))

    return show


def _of_list(of: str) -> Callable[[str | Sequence[str], Mapping[str, Any], str], Shown]:
    def show(value: str | Sequence[str], words: Mapping[str, Any], server: str) -> Shown:  # noqa: ARG001 (one form for all)
        if _single(value) not in words[of]:
            raise ValueError(f"the {of} is none of those known")
        return Shown.plain(words[of][value])

    return show


def _validity(value: str | Sequence[str], words: Mapping[str, Any], server: str) -> Shown:
    seconds = int(_of_form("validity")(value, words, server).text)
    unit, count = ("minutes", seconds // 60) if seconds >= 60 else ("seconds", seconds)  # noqa: PLR2004 (a minute's)
    forms = words[unit]
    return Shown.plain(forms["one"] if count == 1 else forms["other"].replace("#", str(count)))


def _time(value: str | Sequence[str], words: Mapping[str, Any], server: str) -> Shown:  # noqa: ARG001 (one form for all)
    try:
        time = datetime.fromisoformat(_single(value)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("the time is not of its form") from error
    return Shown.plain(
        Template(words["time"]).substitute(
            hour=f"{time.hour:02}",
            minute=f"{time.minute:02}",
            day=str(time.day),
            month=words["months"][time.month - 1],
            year=str(time.year),
        )
    )


def _dispute_link(value: str | Sequence[str], words: Mapping[str, Any], server: str) -> Shown:
    return Shown.plain(f"{server}/dispute/{_of_form('token')(value, words, server).text}")


def _restore_code(value: str | Sequence[str], words: Mapping[str, Any], server: str) -> Shown:
    code = _of_form("restore_code")(value, words, server).text
    # A line may end between groups and nowhere else; what is copied has no mark of it.
    return Shown(code, code.replace("-", "-<wbr>"))


def _quoted(symbols: int) -> Callable[[str | Sequence[str], Mapping[str, Any], str], Shown]:
    def show(value: str | Sequence[str], words: Mapping[str, Any], server: str) -> Shown:  # noqa: ARG001 (one form for all)
        said, right_to_left = _harmless(_single(value), symbols)
        opening, closing = words["quotation_marks"]
        # Letters that run from right to left would pull what follows to their side: they are isolated (UAX 9).
        isolated = f"\u2068{said}\u2069" if right_to_left else said
        return Shown(f"{opening}{isolated}{closing}", f"{opening}<bdi>{escape(said)}</bdi>{closing}")

    return show


_device_name: Final = _quoted(_NAME_SYMBOLS)


def _device_names(value: str | Sequence[str], words: Mapping[str, Any], server: str) -> Shown:
    if isinstance(value, str):
        raise ValueError("the names are no list")  # noqa: TRY004 (one kind of error for all of them)
    shown = [_device_name(name, words, server) for name in value]
    if not shown:
        return Shown.plain(words["none"])
    return Shown(", ".join(name.text for name in shown), ", ".join(name.html for name in shown))


def _harmless(said: str, most: int) -> tuple[str, bool]:
    """Return words that a person chose as they can be shown, and whether any letter runs from right to left."""
    import unicodedata  # noqa: PLC0415 (not every mail has such words in it)

    symbols: list[str] = []
    marks = 0
    for symbol in unicodedata.normalize("NFC", said):
        category = unicodedata.category(symbol)
        marks = marks + 1 if category.startswith("M") else 0
        if category in {"Cc", "Zl", "Zp", "Zs"}:
            symbols.append(" ")
        # Formatting (directions, invisible joints), halves of symbols, private and unknown ones, towers of accents.
        elif not category.startswith("C") and marks <= _MARKS_IN_A_ROW:
            symbols.append(symbol)
    clean = " ".join("".join(symbols).split())
    if len(clean) > most:
        clean = clean[: most - 1] + "…"
    clean = _LINKISH.sub(lambda match: f"[{match[0]}]", clean.translate(_QUOTATION_MARKS))
    return clean or "?", any(unicodedata.bidirectional(symbol) in {"R", "AL", "AN"} for symbol in clean)


_SHOWN: Final[dict[str, Callable[[str | Sequence[str], Mapping[str, Any], str], Shown]]] = {
    "by": _of_list("by"),
    "by_device": _device_name,
    "code": _of_form("code"),
    "device": _device_name,
    "dispute_link": _dispute_link,
    "identity": _of_form("identity"),
    "label": _of_form("label"),
    "platform": _of_list("platform"),
    "reason": _quoted(_REASON_SYMBOLS),
    "restore_code": _restore_code,
    "time": _time,
    "unpaired": _device_names,
    "until": _time,
    "validity": _validity,
    "which": _of_list("which"),
}
