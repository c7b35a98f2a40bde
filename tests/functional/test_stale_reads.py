"""A first read that is behind: DynamoDB's cheaper reads may show what was a moment ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restore.store import Table

if TYPE_CHECKING:
    import pytest

    from restore.keys import Key
    from tests.functional.world import World


def test_disabling_right_after_enabling_disables(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3, ASVS 15.4.2: "it is off already" is no answer that an eventually consistent read may give."""
    owner = world.owner()
    before = {
        name: value for name, value in world.item("ada", "R").items() if name not in {"on", "codes", "enabled_at"}
    }
    get = Table.get

    def behind(self: Table, key: Key, *, consistent: bool = True) -> dict[str, Any] | None:
        return dict(before) if not consistent and key["SK"] == "R" else get(self, key, consistent=consistent)

    monkeypatch.setattr(Table, "get", behind)
    owner.phone.disable().expect(204)
    assert owner.phone.show().expect(200)["restore"]["status"] == "off"
    world.phone().request_restore("ada", owner.restore_code).expect(403, "restore_refused")
