"""Every mail that the local stack has sent: as JSON for programs, as a page for people."""

import datetime as dt
import html
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import override

import httpx

from local.listening import listening

SETTLING_SECONDS = 0.2
LONGEST_SETTLING_SECONDS = 2.0

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{count} mails</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 46rem; margin: 0 auto; padding: 1rem }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.1rem; margin: 0 }}
article {{ border: 1px solid #8886; border-radius: .5rem; padding: 1rem; margin: 1rem 0 }}
p {{ margin: .2rem 0; opacity: .75 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .8rem 0 0 }}
iframe {{ width: 100%; height: 30rem; border: 1px solid #8886; border-radius: .3rem; background: #fff }}
summary {{ cursor: pointer; margin-top: .8rem }}
</style>
<h1>Mails sent by the local stack</h1>
<p>The newest is the first. Reload the page to see what has come since.</p>
{mails}
</html>
"""
_MAIL = """<article><h2>{subject}</h2><p>To {to}, {sent_at}</p><pre>{text}</pre>{shown}</article>"""
# Nothing in a mail's HTML runs or loads here; its links open in a tab of their own.
_SHOWN = (
    '<details><summary>As HTML</summary><iframe sandbox="allow-popups allow-popups-to-escape-sandbox" '
    'title="{subject}" srcdoc="{document}"></iframe></details>'
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; form-action 'none'"


@dataclass(frozen=True)
class Mail:
    """One mail: receivers' addresses, subject, text and HTML ("" where there is none), time (RFC 3339, UTC)."""

    to: list[str]
    subject: str
    text: str
    html: str
    sent_at: str


class Mailbox:
    """The mails of one local AWS, read from its own list of them."""

    def __init__(self, endpoint: str) -> None:
        """Args: endpoint: the address of the local AWS."""
        self._client = httpx.Client(base_url=endpoint, timeout=30, trust_env=False)

    def mails(self, to: str | None = None) -> list[Mail]:
        """Every mail so far, or those to one address, oldest first."""
        answer = self._client.get("/_ministack/ses/messages").raise_for_status().json()
        sent = sorted((raw for raws in answer["messages"].values() for raw in raws), key=lambda raw: raw["Timestamp"])
        mails = [
            Mail(
                to=raw["To"],
                subject=raw["Subject"],
                text=raw["BodyText"] or "",
                html=raw["BodyHtml"] or "",
                sent_at=_written(raw["Timestamp"]),
            )
            for raw in sent
        ]
        return [mail for mail in mails if to is None or to.lower() in (address.lower() for address in mail.to)]

    def settled(self) -> list[Mail]:
        """Every mail so far, once none has come for a moment.

        Notices go out by the table's stream just after their act was answered. Whoever looks at the mailbox next wants
        to see what the act has sent.
        """
        end = time.monotonic() + LONGEST_SETTLING_SECONDS
        before, mails = -1, self.mails()
        while len(mails) != before and time.monotonic() < end:
            before = len(mails)
            time.sleep(SETTLING_SECONDS)
            mails = self.mails()
        return mails

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


@contextmanager
def serving(mailbox: Mailbox, host: str, port: int) -> Iterator[str]:
    """Serve a mailbox over HTTP while inside; yields its address.

    Args:
        mailbox: what to show.
        host: the address to listen at.
        port: the port to listen at; 0 for one that is free.

    Raises:
        OSError: the port cannot be had.
    """
    with listening(host, port, partial(_Page, mailbox)) as address:
        yield address


def page(mails: list[Mail]) -> str:
    """The mails as an HTML page, newest first."""
    return _PAGE.format(count=len(mails), mails="\n".join(map(_article, reversed(mails))) or "<p>None so far.</p>")


def _article(mail: Mail) -> str:
    subject = html.escape(mail.subject)
    document = html.escape(f'<base target="_blank">{mail.html}')
    return _MAIL.format(
        subject=subject,
        to=html.escape(", ".join(mail.to)),
        sent_at=mail.sent_at,
        text=html.escape(mail.text),
        shown=_SHOWN.format(subject=subject, document=document) if mail.html else "",
    )


def _written(timestamp: float) -> str:
    return dt.datetime.fromtimestamp(timestamp, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Page(BaseHTTPRequestHandler):
    """Answers every GET with all mails: HTML for who asks for that, as browsers do, else JSON."""

    def __init__(self, mailbox: Mailbox, *given: object) -> None:
        self._mailbox = mailbox
        super().__init__(*given)  # type: ignore[arg-type]  # the server's own three, handed on

    def do_GET(self) -> None:
        """Answer with the mails, or with 503 once the local AWS has gone."""
        try:
            mails = self._mailbox.settled()
        except httpx.HTTPError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", f"The local stack does not answer: {error}\n")
            return
        if "text/html" in self.headers.get("Accept", ""):
            self._answer(HTTPStatus.OK, "text/html", page(mails))
        else:
            listed = json.dumps([asdict(mail) for mail in mails], ensure_ascii=False, indent=1)
            self._answer(HTTPStatus.OK, "application/json", listed)

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:  # the parent's name for it
        pass
