"""Which language an `Accept-Language` asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.languages import DEFAULT, SUPPORTED, negotiate


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de"),
        ("de-Latn-AT-1996", "de"),
        ("en-GB, de;q=0.9", "en"),
        ("en;q=0.8,de;q=0.9", "de"),
        ("en; q=0.80 , de ;Q=0.9", "de"),
        ("fr, de;q=0.1", "de"),
        ("de, en", "de"),
        ("en, de", "en"),
        ("de-AT;q=0.4, en;q=0.5, de-CH;q=0.6", "de"),
        ("de;q=1.000, en;q=0.999", "de"),
        ("en;q=0, *", "de"),
        ("de;q=0.5, *;q=0.9", "de"),
        ("de-AT;q=0, de;q=0.3", "de"),
    ],
)
def test_the_liked_language_is_found(header: str, language: str) -> None:
    """RFC 9110, 12.4.2 and 12.5.4: the highest weight wins, a longer range falls back to its primary tag."""
    assert negotiate(header) == language


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "fr",
        "fr-CA, es;q=0.5",
        "*",
        "*;q=0.5",
        "de;q=0",
        "de;q=0.000, en;q=0",
        "de-AT, de;q=0",
        "*, de;q=0",
    ],
)
def test_where_nothing_fits_nothing_is_chosen(header: str | None) -> None:
    """A refused language is not used, and "any" names none: a mail's language stays as it was."""
    assert negotiate(header) is None


@pytest.mark.parametrize(
    "element",
    [
        "de;q=2",
        "de;q=-1",
        "de;q=0.1234",
        "de;q=",
        "de;q=a",
        "de;level=1",
        "de;q=1;q=1",
        "d e",
        "de_DE",
        "-de",
        "*-CH",
        "de-",
        "\uff44\uff45",
        "de;q=\u0661",
    ],
)
def test_what_is_no_range_is_left_out(element: str) -> None:
    """An element that the grammar does not know is as good as not sent, and does not spoil its neighbours."""
    assert negotiate(element) is None
    assert negotiate(f"{element}, en;q=0.1") == "en"


def test_a_hostile_header_is_read_no_further_than_its_bounds() -> None:
    """Neither a long list nor a long element makes more work than the first of them do."""
    assert negotiate("fr," * 31 + "de") == "de"
    assert negotiate("fr," * 32 + "de") is None
    assert negotiate(" " * 1022 + "de") == "de"
    assert negotiate(" " * 1023 + "de") is None
    assert negotiate("a-" * 1_000_000) is None


@given(st.text() | st.text(alphabet="dên*-;q=01.,\t "))
def test_any_header_gives_a_supported_language_or_none(header: str) -> None:
    """No header raises, and none brings in a language that is not spoken."""
    assert negotiate(header) in {None, *SUPPORTED}


_RANGES = st.tuples(
    st.sampled_from(["de", "de-AT", "de-CH", "en", "en-GB", "fr", "pt-BR"]), st.integers(min_value=0, max_value=1000)
)


@given(st.lists(_RANGES, max_size=8))
def test_the_chosen_language_is_one_that_no_other_outweighs(ranges: list[tuple[str, int]]) -> None:
    """Against a plain reading of the rule: of the languages not refused, one with the highest weight, if any."""
    header = ", ".join(f"{tag};q={weight / 1000:.3f}" for tag, weight in ranges)
    best: dict[str, int] = {}
    for tag, weight in ranges:
        primary = tag[:2]
        if (primary, 0) not in ranges:
            best[primary] = max(best.get(primary, 0), weight)
    spoken = {tag: weight for tag, weight in best.items() if tag in SUPPORTED and weight}
    chosen = negotiate(header)
    if not spoken:
        assert chosen is None
    else:
        assert chosen is not None
        assert spoken[chosen] == max(spoken.values())


def test_english_is_the_default() -> None:
    """The contract: what the server does not speak is answered in English."""
    assert DEFAULT == "en"
