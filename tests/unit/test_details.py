"""The sentences of refusals."""

from __future__ import annotations

import json
import re

import pytest

from restore.details import DETAILS, detail
from restore.errors import CATALOGUE
from restore.languages import SUPPORTED
from restore.pages import PAGES

CASES = [(code, language) for code in CATALOGUE for language in SUPPORTED]


def test_exactly_the_supported_languages_have_sentences() -> None:
    """Adding a language means adding it everywhere."""
    assert set(DETAILS) == set(SUPPORTED)


@pytest.mark.parametrize("language", SUPPORTED)
def test_exactly_the_codes_of_the_catalogue_have_sentences(language: str) -> None:
    """A code without a sentence would turn its refusal into a failure; a sentence without a code is left over."""
    assert set(DETAILS[language]) == set(CATALOGUE)
    causes = json.loads((PAGES / "causes" / f"{language}.json").read_text(encoding="utf-8"))
    assert set(causes) == set(CATALOGUE)


@pytest.mark.parametrize(("code", "language"), CASES)
def test_a_sentence_can_be_shown_as_it_is(code: str, language: str) -> None:
    """Whole sentences, short enough for a phone's screen, with nothing to be filled in and no code of ours in them."""
    sentence = detail(code, language)
    assert re.fullmatch(r"[A-ZÄÖÜ].*\.", sentence)
    assert len(sentence) <= 240
    assert not re.search(r"[{}$%<>_]|  |\s$", sentence)


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_german_sentence_addresses_the_reader_formally(code: str) -> None:
    """Sie, never du; and each says what the reader can do, which takes a "Sie" (or what holds, in one case)."""
    sentence = detail(code, "de")
    assert not re.search(r"\b(du|dir|dich|dein\w*)\b", sentence, re.IGNORECASE)
    assert re.search(r"\b(Sie|Bitte)\b", sentence)


def test_languages_differ() -> None:
    """No sentence was left untranslated."""
    assert not [code for code in CATALOGUE if detail(code, "en") == detail(code, "de")]


def test_a_language_not_spoken_is_answered_in_english() -> None:
    """The contract, fine print: a `detail` in none that the server speaks is English."""
    assert detail("used", "fr") == detail("used", "en")


def test_one_text_for_every_cause_of_a_refused_restoration() -> None:
    """ASVS 6.3.8: the sentence does not narrow the causes down to whether the identity exists."""
    for language in SUPPORTED:
        assert not re.search(r"unknown|exist|unbekannt|gibt es nicht", detail("restore_refused", language))


def test_an_unknown_code_is_an_error() -> None:
    """A refusal outside the catalogue must be seen, not shown."""
    with pytest.raises(KeyError):
        detail("no_such_code", "en")
