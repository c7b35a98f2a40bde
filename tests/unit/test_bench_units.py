"""What DynamoDB bills, as the benchmark works it out: the rules of the Developer Guide, by their own examples."""

from __future__ import annotations

from typing import Any

import pytest

from bench.units import Units, billed, keys_of, size_of

KEY = {"PK": {"S": "ID#ada"}, "SK": {"S": "I"}}


def item(size: int) -> dict[str, Any]:
    """An item of so many bytes."""
    return {**KEY, "x": {"S": "." * (size - size_of(KEY) - 1)}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "hello"}, 5),
        ({"S": "ä"}, 2),
        ({"N": "0"}, 1),
        ({"N": "1795000200"}, 5),
        ({"N": "-27"}, 2),
        ({"BOOL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + (1 + 2) + (1 + 1)),
        ({"M": {"ab": {"S": "c"}}}, 3 + (1 + 2 + 1)),
    ],
)
def test_a_value_counts_its_bytes(value: dict[str, Any], size: int) -> None:
    """Names and text by UTF-8, numbers two digits a byte and one more, a map or list three bytes and one a member."""
    assert size_of({"abc": value}) == 3 + size


@pytest.mark.parametrize(("before", "after", "units"), [(30, 1024, 1), (30, 1025, 2), (3000, 40, 3), (40, 40, 1)])
def test_a_write_is_billed_by_the_larger_item(before: int, after: int, units: int) -> None:
    """One unit for each begun KB of the item before or after, whichever is larger; a refused one changes nothing."""
    request = {"Key": KEY, "UpdateExpression": "…"}
    assert keys_of("UpdateItem", request) == [KEY]
    assert billed("UpdateItem", request, {}, [item(before)], [item(after)]) == Units(written=units)


def test_a_transaction_is_billed_twice_for_each_action() -> None:
    """Checks, too; and a cancelled one by what it would have put."""
    actions = [{"Put": {"Item": item(1500)}}, {"ConditionCheck": {"Key": KEY}}, {"Update": {"Key": KEY}}]
    request = {"TransactItems": actions}
    assert keys_of("TransactWriteItems", request) == [KEY, KEY, KEY]
    done = billed("TransactWriteItems", request, {}, [{}, {}, item(500)], [item(1500), {}, item(500)])
    cancelled = billed("TransactWriteItems", request, {}, [{}, {}, item(500)], [{}, {}, item(500)])
    assert done == cancelled == Units(written=2 * (2 + 1 + 1))


def test_a_read_is_billed_by_four_kb() -> None:
    """Half of it where it need not be consistent; nothing found is read, too; a query by all that it found together."""
    assert billed("GetItem", {"ConsistentRead": True}, {"Item": item(4097)}, [], []) == Units(read=2)
    assert billed("GetItem", {}, {"Item": item(4096)}, [], []) == Units(read=0.5)
    assert billed("GetItem", {"ConsistentRead": True}, {}, [], []) == Units(read=1)
    assert billed("Query", {"ConsistentRead": True}, {"Items": [item(1500)] * 3}, [], []) == Units(read=2)


def test_what_is_not_known_is_not_guessed() -> None:
    """A call of another kind stops the benchmark, so that no act looks cheaper than it is."""
    with pytest.raises(ValueError, match="Scan"):
        billed("Scan", {}, {}, [], [])


def test_units_add_up_and_read_well() -> None:
    """Nought is left out."""
    assert str(Units(8, 0.5) + Units(2)) == "10 W + 0.5 R"
    assert str(Units()) == "-"


def test_batches_are_billed_item_by_item() -> None:
    """Written once each, not twice as in a transaction; read with each item rounded up by itself, half of one unit."""
    item = {"PK": {"S": "a"}, "SK": {"S": "b"}, "text": {"S": "x" * 1500}}
    request = {
        "RequestItems": {
            "table": [
                {"PutRequest": {"Item": item}},
                {"DeleteRequest": {"Key": {"PK": {"S": "c"}, "SK": {"S": "d"}}}},
            ]
        }
    }
    assert keys_of("BatchWriteItem", request) == [
        {"PK": {"S": "a"}, "SK": {"S": "b"}},
        {"PK": {"S": "c"}, "SK": {"S": "d"}},
    ]
    assert billed("BatchWriteItem", request, {}, [{}, {}], [item, {}]) == Units(written=3)
    answer = {"Responses": {"table": [item, item]}}
    assert billed("BatchGetItem", {}, answer, [], []) == Units(read=1)
