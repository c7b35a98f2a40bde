"""The demo where something is wrong: it says which step failed, what was expected and what came."""

from __future__ import annotations

import dataclasses
import io
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from local import inbox
from local.demo import Story, play
from local.inbox import Inbox, Mail
from local.phone import Unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass
class Place:
    """Where something may or may not listen."""

    api: str
    mailbox_address: str = "http://127.0.0.1:9"

    @property
    def summary(self) -> dict[str, str]:
        """Nobody administers it."""
        nobody = dict.fromkeys(("administrator_pool", "administrator_client"), "none")
        return {"api": self.api, "aws_endpoint": self.api, "stack": "none", **nobody}


@contextmanager
def answering(status: int, kind: str, body: bytes) -> Iterator[str]:
    """A server that answers every GET and POST the same while inside; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the parent looks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def told(place: Place, *, verbose: bool = False) -> tuple[Story, str]:
    """The story as far as it goes there, and what was written."""
    output = io.StringIO()
    return play(place, verbose=verbose, output=output), " ".join(output.getvalue().split())


class TestAFailingStep:
    """The first step that does not hold ends the story."""

    def test_a_server_that_is_not_there(self) -> None:
        """Nothing listens: the step is named, and the address that was expected to answer."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        story, written = told(Place(address))
        assert not story.held
        assert story.steps == 0
        assert "✗ This failed: Her app asks the server who it is" in written
        assert f"expected an answer from {address}, came ConnectionRefusedError" in written

    def test_a_refusal(self) -> None:
        """A problem document instead of the answer: both are named, with the document."""
        document = b'{"code":"unavailable","status":503}'
        with answering(503, "application/problem+json", document) as address:
            story, written = told(Place(address))
        assert not story.held
        assert "expected 200, came 503 unavailable" in written
        assert document.decode() in written

    def test_an_endless_answer(self) -> None:
        """What came is shown as far as a person wants to read it."""
        with answering(503, "text/html", b"<p>" + b"x" * 100_000) as address:
            _, written = told(Place(address))
        assert "expected 200, came 503 <p>xxx" in written
        assert len(written) < 2000

    def test_another_answer_than_the_contracts(self) -> None:
        """A member that says something else: its name, what was expected and what came."""
        with answering(200, "application/json", b'{"server":"https://elsewhere.example"}') as address:
            story, written = told(Place(address))
        assert not story.held
        assert f"the member server: expected '{address}', came 'https://elsewhere.example'" in written

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ('{"server":"%s","api":"v1"}', "came one in which KeyError('policy')"),
            ('{"server":"%s","api":"v1","policy":[]}', "expected an object with restore_enabled, came []"),
        ],
    )
    def test_an_answer_that_lacks_something(self, body: str, said: str) -> None:
        """A member that is missing or of another kind is said like the rest, without a traceback."""
        with answering_itself(body) as address:
            story, written = told(Place(address))
        assert not story.held
        assert said in written

    def test_verbose_shows_what_failed(self) -> None:
        """Also the exchange of the step that failed is shown."""
        with answering(500, "text/html", b"<h1>Oh</h1>") as address:
            _, written = told(Place(address), verbose=True)
        assert "→ GET /.well-known/id-restore" in written
        assert "← 500, after" in written


@contextmanager
def answering_itself(body: str) -> Iterator[str]:
    """A server whose answer names its own address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        raw = (body % address).encode()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
                connection.sendall(head.encode() + raw)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield address
        thread.join(5)


class TestInbox:
    """Mails as a person reads them."""

    @staticmethod
    def mail(text: str, **more: Any) -> Mail:
        """A mail to Ada."""
        listed = {
            "to": ["Ada@Example.com"],
            "subject": "S",
            "text": text,
            "html": "",
            "sent_at": "2026-01-01T00:00:00Z",
        }
        return Mail.of(listed | more)

    def test_the_code_is_what_stands_alone_on_a_line(self) -> None:
        """Other numbers, and eight digits within a sentence, are no codes; leading noughts are kept."""
        text = "Order 12345678 of 2026\r\n\r\n  00345678\r\n123456789\nhttps://x.example/dispute/abc\n(https://no.example)\n"
        assert self.mail(text).code == "00345678"
        assert self.mail(text).links == ["https://x.example/dispute/abc"]
        assert self.mail("The code is 12345678.").code is None

    def test_each_mail_is_read_once_and_only_ones_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The oldest unread one first; when there is none, what was expected and what is there are named."""
        monkeypatch.setattr(inbox, "SECONDS_TO_ARRIVE", 0.2)
        listed = [
            ("ada@example.com", "Second", "22222222", 2),
            ("ADA@example.com", "First", "11111111", 1),
            ("ben@example.com", "Other", "33333333", 0),
            ("ada@example.com", "Notice", "", 3),
        ]
        mails = json.dumps(
            [
                {"to": [to], "subject": subject, "text": text, "html": None, "sent_at": f"2026-01-01T00:00:0{second}Z"}
                for to, subject, text, second in listed
            ]
        ).encode()
        with answering(200, "application/json", mails) as address:
            ada = Inbox(address, "Ada@example.com")
            assert [ada.next_code("one")[0], ada.next_code("two")[0]] == ["11111111", "22222222"]
            with pytest.raises(Unexpected, match=r"three; unread there: 'Notice'"):
                ada.next_code("three")
            assert len(ada.mails()) == 3

    def test_a_mailbox_that_does_not_answer(self) -> None:
        """What it says instead is shown."""
        with answering(503, "text/plain", b"gone") as address, pytest.raises(Unexpected, match="answers 503: gone"):
            Inbox(address, "ada@example.com").mails()
