"""The pages for people in a real browser: they are drawn, and what they look like is kept for eyes.

The pictures lie in `.local/screenshots`. Without Chromium the tests are skipped, and say how to get it.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from local.places import STATE
from tests.stack.people import Person

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack import Stack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
PICTURES = STATE / "screenshots"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install it (Debian: apt-get install chromium) to see the pages drawn"
)


def drawn(address: str, name: str, profile: Path, *, size: tuple[int, int], language: str, dark: bool) -> Image.Image:
    """Have Chromium draw a page; the picture, which is kept under its name."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = PICTURES / f"{name}.png"
    picture.unlink(missing_ok=True)
    command = [
        str(CHROMIUM),
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        f"--user-data-dir={profile}",
        f"--accept-lang={language}",
        f"--window-size={size[0]},{size[1]}",
        *(["--blink-settings=preferredColorScheme=0"] if dark else []),
        f"--screenshot={picture}",
        address,
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return Image.open(picture).convert("RGB")


@pytest.fixture(scope="module")
def dispute_link(stack: Stack) -> str:
    """The link of a mail about a restoration under way."""
    person = Person.restorable(stack)
    person.restoring(person.other_phone())
    _, mail = person.inbox.next_code("the second code")
    return next(link for link in mail.links if "/dispute/" in link)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", ["restore", "pair", "problems/wrong_code", "dispute"])
def test_the_page_is_drawn(stack: Stack, dispute_link: str, tmp_path: Path, page: str, size: str) -> None:
    """S11 B13: on a phone's and a desktop's screen, in both languages, light and dark, there is a page to read."""
    address = dispute_link if page == "dispute" else f"{stack.api}/{page}"
    pictures = {}
    for language, dark in (("en", False), ("de", True)):
        name = f"{page.replace('/', '-')}-{size}-{language}-{'dark' if dark else 'light'}"
        pictures[language] = drawn(address, name, tmp_path, size=SIZES[size], language=language, dark=dark)
        assert pictures[language].width == SIZES[size][0]
        # text on a ground: more than a handful of shades, and no one colour that fills all of it
        shades = pictures[language].getcolors(1 << 24)
        assert shades is not None
        assert len(shades) > 16
        assert max(count for count, _ in shades) < 0.99 * pictures[language].width * pictures[language].height
    assert pictures["en"].tobytes() != pictures["de"].tobytes()
