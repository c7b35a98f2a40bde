"""Codes: their form, how leniently they are read, and what a hash of them is good for."""

from __future__ import annotations

import inspect
import json
import secrets
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from local import phone
from restore import codes
from restore.codes import ALPHABET, Pepper, RestoreCode, new_email_code, new_id, new_label
from restore.errors import Problem

PEPPER = Pepper.parse(json.dumps({"current": "1", "1": "a" * 64}))
ROTATED = Pepper.parse(json.dumps({"current": "2", "1": "a" * 64, "2": "b" * 64}))
BLANKS = ["\t", "\n", "\r\n", "\u00a0", "\u1680", "\u2003", "\u2028", "\u202f", "\u3000", "\u200b", "\ufeff"]
HYPHENS = ["\u00ad", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "\ufe58", "\ufe63", "\uff0d"]
symbols_26 = st.text(ALPHABET, min_size=26, max_size=26)
texts = st.text(max_size=40)


def code_of(symbols: str) -> RestoreCode:
    """The restore code with these 26 symbols."""
    return RestoreCode(symbols + codes.check_symbols(symbols))


def test_a_new_code_has_the_form_of_the_contract() -> None:
    """N1: 130 random bits, two check symbols as an independent client computes them, seven groups of four."""
    made = [RestoreCode.new() for _ in range(200)]
    for code in made:
        assert phone.is_well_formed(code.symbols)
        assert [len(group) for group in code.grouped.split("-")] == [4] * 7
        assert code.selector == phone.selector(code.grouped) == code.symbols[:8]
        assert RestoreCode.read(code.grouped).symbols == code.symbols
    assert len({code.symbols for code in made}) == 200
    assert len({code.selector for code in made}) == 200
    assert set("".join(code.symbols for code in made)) == set(ALPHABET)


def test_what_is_random_comes_from_the_operating_system() -> None:
    """N1, ASVS 11.5.1: `secrets` alone; nothing here imports `random`."""
    source = inspect.getsource(codes)
    assert "import random" not in source
    assert "from random" not in source


def test_every_random_thing_draws_from_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the source exhausted nothing is made."""

    def dry(*_: object) -> None:
        raise RuntimeError

    for name in ("choice", "randbelow", "token_urlsafe", "token_bytes"):
        monkeypatch.setattr(secrets, name, dry)
    for make in (RestoreCode.new, new_label, new_email_code, new_id):
        with pytest.raises(RuntimeError):
            make()


def test_an_email_code_is_eight_digits_with_leading_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    """N3: the whole range, each as likely."""
    asked: list[int] = []

    def forty_two(below: int) -> int:
        asked.append(below)
        return 42

    monkeypatch.setattr(secrets, "randbelow", forty_two)
    assert new_email_code() == "00000042"
    assert asked == [10**8]


def test_a_label_differs_from_the_former_one() -> None:
    """B7: or nobody knows which sheet of paper is current."""
    for _ in range(50):
        former = new_label()
        assert new_label(former) != former
        assert len(former) == 4
        assert set(former) <= set(ALPHABET)


def test_an_id_has_128_bits() -> None:
    """ASVS 11.5.1: unguessable."""
    assert len({new_id() for _ in range(100)}) == 100
    assert all(len(new_id()) == 22 for _ in range(10))


@given(symbols_26, st.data())
def test_a_code_is_read_as_people_type_it(symbols: str, data: st.DataObject) -> None:
    """Any case, O for 0, I and L for 1, blanks and hyphens anywhere."""
    code = code_of(symbols)
    spelled = {"0": "0Oo", "1": "1IiLl"}
    typed = ""
    for symbol in code.symbols:
        typed += data.draw(st.sampled_from(spelled.get(symbol, symbol + symbol.lower())))
        typed += data.draw(st.sampled_from(["", "", "", "-", " ", " - ", *BLANKS, *HYPHENS]))
    assert RestoreCode.read(typed).symbols == code.symbols


@given(symbols_26, st.integers(0, 27), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_nearly_always_found(symbols: str, place: int, other: str) -> None:
    """The check symbols find it but for one in 1024; and then it is another code, never the same."""
    code = code_of(symbols)
    assume(code.symbols[place] != other)
    wrong = code.symbols[:place] + other + code.symbols[place + 1 :]
    if codes.check_symbols(wrong[:26]) == wrong[26:]:
        assert RestoreCode.read(wrong).symbols != code.symbols
    else:
        with pytest.raises(Problem, match="code_mistyped"):
            RestoreCode.read(wrong)


@given(texts)
def test_whatever_is_typed_is_a_code_or_mistyped(text: str) -> None:
    """Never another error, whatever the script."""
    refused = None
    try:
        assert phone.is_well_formed(RestoreCode.read(text).grouped)
    except Problem as problem:
        refused = problem.code
    assert refused in {None, "code_mistyped"}


@pytest.mark.parametrize("odd", ["\u0130", "\u2460", "\uff21", "\u212a", "\u00df", "U", "*", "\0", "\n"])
def test_symbols_that_only_look_alike_are_none(odd: str) -> None:
    """Upper-casing makes nothing of another script into a symbol."""
    code = code_of("0" * 26).symbols
    with pytest.raises(Problem, match="code_mistyped"):
        RestoreCode.read(odd + code[1:])


# Hashes


def test_a_hash_gives_nothing_away_and_names_its_version() -> None:
    """ASVS 6.5.2: HMAC-SHA256, 256 bits; 128 for a selector, which only has to be unique."""
    made = PEPPER.hash("restore code", "ada", "SECRET")
    version, _, digest = made.partition(".")
    assert (version, len(digest)) == ("1", 43)
    assert set(digest) <= set(string.ascii_letters + string.digits + "-_")
    assert len(PEPPER.selector("ada", RestoreCode.new())) == 2 + 22


@given(texts, texts, texts, texts, texts, texts)
def test_no_two_purposes_identities_or_secrets_share_a_hash(a: str, b: str, c: str, d: str, e: str, f: str) -> None:
    """Parts that would be the same when joined are not the same."""
    assume((a, b, c) != (d, e, f))
    assert PEPPER.hash(a, b, c) != PEPPER.hash(d, e, f)


@pytest.mark.parametrize(("one", "other"), [(("ab", "c", "d"), ("a", "bc", "d")), (("a", "b", "cd"), ("a", "bc", "d"))])
def test_parts_are_told_apart_by_their_lengths(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    """The cases that joining would confuse."""
    assert PEPPER.hash(*one) != PEPPER.hash(*other)


@given(texts, texts, texts, texts)
def test_a_hash_fits_what_it_was_made_of_alone(purpose: str, identity: str, secret: str, other: str) -> None:
    """And no other purpose, identity or secret."""
    stored = PEPPER.hash(purpose, identity, secret)
    assert PEPPER.fits(stored, purpose, identity, secret)
    assume(other not in {purpose, identity, secret})
    assert not PEPPER.fits(stored, purpose, identity, other)
    assert not PEPPER.fits(stored, purpose, other, secret)
    assert not PEPPER.fits(stored, other, identity, secret)


@given(texts)
def test_after_a_rotation_old_hashes_still_fit_and_new_ones_are_of_the_new_version(secret: str) -> None:
    """No code dies of a rotation, until its version is taken out of the set."""
    old = PEPPER.hash("restore code", "ada", secret)
    assert ROTATED.fits(old, "restore code", "ada", secret)
    new = ROTATED.hash("restore code", "ada", secret)
    assert new.startswith("2.")
    assert not PEPPER.fits(new, "restore code", "ada", secret)
    without_old = Pepper("2", {"2": b"b" * 64})
    assert without_old.fits(new, "restore code", "ada", secret)
    assert not without_old.fits(old, "restore code", "ada", secret)


def test_a_selector_is_found_under_every_version() -> None:
    """The current one first."""
    code = RestoreCode.new()
    assert ROTATED.selectors("ada", code)[1] == PEPPER.selector("ada", code)
    assert [one.partition(".")[0] for one in ROTATED.selectors("ada", code)] == ["2", "1"]


@pytest.mark.parametrize("stored", [None, "", "1", "1.", ".", "9.xxxx", "no version"])
def test_what_is_no_hash_fits_nothing(stored: str | None) -> None:
    """Fails closed (ASVS 16.5.3), without an error that would tell it from a wrong secret."""
    assert not PEPPER.fits(stored, "restore code", "ada", "")


@pytest.mark.parametrize("secret", ['{"current": "2", "1": "x"}', '{"current": "1", "1": ""}', '{"1": "x"}', "[]", ""])
def test_a_pepper_that_lacks_its_current_version_is_refused(secret: str) -> None:
    """Rather nothing at all than hashes under an empty key."""
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        Pepper.parse(secret)


def test_a_pepper_shows_nothing_of_itself() -> None:
    """What is printed by mistake holds no key."""
    assert "aaaa" not in repr(PEPPER)
    assert "aaaa" not in str(PEPPER)
