"""The commands for administrators, up to where they call AWS."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from local import admin_token, administrator
from local.errors import StackError
from local.user_pool import altered, claims_of, email_of

if TYPE_CHECKING:
    from pathlib import Path


def asked(email: str, role: str) -> list[str]:
    """Options of the command."""
    return ["--email", email, "--role", role]


@pytest.mark.parametrize("options", [("ada", "admin"), ("ada@example.com", "root"), ("a b@example.com", "admin")])
def test_wrong_options_are_refused_before_anything_is_asked(options: tuple[str, str]) -> None:
    """Exit status 2, as of every command here."""
    with pytest.raises(SystemExit) as ended:
        administrator.main(asked(*options))
    assert ended.value.code == 2


def test_no_stack_here_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both commands, on stderr alone."""
    folder = ["--folder", str(tmp_path)]
    assert administrator.main([*asked("ada@example.com", "admin"), "--here", *folder]) == 1
    assert admin_token.main(["--role", "admin", *folder]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("make serve") == 2


def test_a_stack_that_was_killed_is_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its stack.json is still there, and nobody answers."""
    gone = "http://127.0.0.1:9"
    written = {"api": f"{gone}/live", "aws_endpoint": gone, "administrator_pool": "p", "administrator_client": "c"}
    (tmp_path / "stack.json").write_text(json.dumps(written))
    assert admin_token.main(["--role", "admin", "--folder", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "does not answer" in printed.err


def test_people_of_a_role_are_told_apart() -> None:
    """By a word before the role; the word cannot smuggle in another address."""
    assert email_of("admin") == "admin@example.com"
    assert email_of("admin", "otto") == "otto.admin@example.com"
    assert email_of(None, "otto") == "otto.nobody@example.com"
    for word in ("Otto", "o t", "otto@evil.example", "-otto", "x" * 32):
        with pytest.raises(StackError):
            email_of("admin", word)


def test_an_altered_token_keeps_its_signature() -> None:
    """What a forger would send: other claims between the same header and signature."""
    claims = {"sub": "1", "cognito:groups": ["auditor"]}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    forged = altered(f"head.{middle}.signature", **{"cognito:groups": ["admin"]})
    assert forged.startswith("head.")
    assert forged.endswith(".signature")
    assert claims_of(forged) == {"sub": "1", "cognito:groups": ["admin"]}
