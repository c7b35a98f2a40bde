"""What helps whoever works on the dashboard: people to look at, and changes that are seen at once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import httpx

from local import dashboard, people
from local.clerk import Clerk
from local.user_pool import Administrators

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from local.stack import Stack


def test_people_are_made_in_each_state(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """Six people, each as it is said of them; a second time they are left as they are."""
    assert people.main(["--folder", str(stack.folder)]) == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    auditor = Clerk(stack.api, Administrators.of(stack.summary).token("auditor"))
    shown = {name: auditor.call("GET", f"/identities/{name}").expect(200) for name in told}
    assert {name: one["restore"]["status"] for name, one in shown.items()} == {
        "ada": "enabled",
        "ben": "off",
        "clara": "awaiting_email",
        "dan": "enabled",
        "eva": "enabled",
        "finn": "disabled_by_admin",
    }
    assert len(shown["ada"]["devices"]) == 2
    assert shown["ada"]["restore"]["last_proven_at"]
    assert [one["status"] for one in shown["dan"]["restorations"]] == ["awaiting_code"]
    assert [device["held_until"] is not None for device in shown["eva"]["devices"]].count(True) == 1
    assert people.main(["--folder", str(stack.folder)]) == 0
    assert {line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()} == {"is there already"}


def test_a_change_is_seen_without_deploying(stack: Stack, tmp_path: Path) -> None:
    """The function that is up answers with what was put in its place, and then with the bundle again."""
    address = f"{stack.api}/dashboard/"
    before = httpx.get(address, trust_env=False, timeout=30).text
    for file in ("app.py", "web/index.html"):
        shutil.copy(dashboard.SOURCES / file, tmp_path)
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>changed</p>", encoding="utf-8")
    dashboard.put(stack.summary, tmp_path)
    try:
        assert httpx.get(address, trust_env=False, timeout=30).text == "<p>changed</p>"
    finally:
        assert dashboard.main(["--once", "--folder", str(stack.folder)]) == 0
    assert httpx.get(address, trust_env=False, timeout=30).text == before


def test_without_a_stack_it_says_how_to_have_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1 and a sentence."""
    for command in (people, dashboard):
        assert command.main(["--folder", str(tmp_path)]) == 1
        assert "make serve" in capsys.readouterr().err
