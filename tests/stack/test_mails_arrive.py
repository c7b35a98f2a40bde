"""What reaches a mailbox: notices by way of the table's stream, codes at once, each once, and links that wait."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from local.phone import plain_symbols, send
from tests.stack.people import Person, another_phone

if TYPE_CHECKING:
    from local.inbox import Mail
    from local.stack import Stack

SCANNER = "Mozilla/5.0 (compatible; a mail gateway that opens every link)"


def story_of(person: Person) -> list[Mail]:
    """Create, confirm, enable, replace, restore on a stranger's language, pair, unpair: the mails, oldest first."""
    phone, inbox = person.phone, person.inbox
    mails = []
    phone.create(person.identity, inbox.address).expect(201)
    code, mail = inbox.next_code("the address's confirmation")
    mails.append(mail)
    phone.confirm_email(code).expect(200)
    person.shown(phone.enable().expect(201))
    mails.append(inbox.next("restore is enabled", lambda mail: person.labels[-1] in mail.text))
    person.shown(phone.enable().expect(201))
    mails.append(inbox.next("the code was replaced", lambda mail: person.labels[-1] in mail.text))
    second = person.with_second_phone()
    mails.append(inbox.next("a device was paired", lambda mail: second.name in mail.text))
    # a stranger's language never decides that of the owner's mails
    third = person.other_phone("Third phone", language="en" if phone.language == "de" else "de")
    number = person.restoring(third)
    code, mail = inbox.next_code("the second code")
    mails.append(mail)
    assert third.name in mail.text
    assert person.stack.api in mail.text
    person.shown(third.complete(number, code).expect(201))
    mails.append(inbox.next("the identity was restored", lambda mail: person.labels[-1] in mail.text))
    phone.unpair(second.id).expect(204)
    mails.append(inbox.next("a device was unpaired", lambda mail: second.name in mail.text))
    return mails


def test_every_notice_arrives_once_and_never_a_restore_code(stack: Stack) -> None:
    """W2 N2 N5 ASVS 6.3.7: seven acts, seven mails, to the confirmed address, with text and HTML, and none besides."""
    person = Person.new(stack)
    mails = story_of(person)
    assert person.inbox.mails() == mails
    subjects = [mail.subject for mail in mails]
    assert len(set(subjects)) == 7, subjects
    for mail in mails:
        assert mail.text.strip()
        assert "<html" in mail.html
        for symbols in (plain_symbols(mail.text), plain_symbols(mail.html)):
            assert plain_symbols(person.paper) not in symbols
    assert [bool(mail.code) for mail in mails] == [True, False, False, False, True, False, False]
    assert [any("/dispute/" in link for link in mail.links) for mail in mails] == [
        *(False, False, False),
        *(True, True, True),  # a new device, a restoration, and the device that it brought
        False,
    ]


def test_mails_are_in_the_language_of_the_person(stack: Stack) -> None:
    """The language is that of the paired phones' requests: the same story in German, though strangers speak English."""
    person = Person.new(stack, language="de")
    mails = story_of(person)
    english = re.compile(r"\b(the|your|and|is|this|not)\b", re.IGNORECASE)
    german = re.compile(r"\b(der|die|das|Ihre?|Sie|nicht|ist|und)\b")
    for mail in mails:
        said = mail.text.replace("Second phone", "").replace("Third phone", "")
        assert german.search(mail.subject + said), mail.subject
        assert not english.search(said), english.search(said)
        assert 'lang="de"' in mail.html


def test_link_opened_by_a_scanner_does_nothing_and_the_button_works_once(stack: Stack) -> None:
    """B13: ten openings leave the restoration as it is; pressing ends it; a second press finds it used, 410."""
    person = Person.restorable(stack)
    thief = person.other_phone("Thief's phone")
    number = person.restoring(thief)
    code, mail = person.inbox.next_code("the second code")
    path = dispute_path(person, mail)
    open_ten_times(person, path)
    assert thief.restoration(number).expect(200)["restoration"]["status"] == "awaiting_code"

    pressed = thief.dispute(path.rpartition("/")[2])
    assert pressed.status == 200
    assert "<html" in pressed.text
    assert thief.restoration(number).expect(200)["restoration"]["status"] == "cancelled"
    thief.complete(number, code).expect(410, "cancelled")
    assert thief.dispute(path.rpartition("/")[2]).status == 410
    assert thief.fetch(path).status == 410
    assert person.is_in_force(person.paper)


def test_link_of_a_new_device_takes_it_away_and_gives_the_spent_code_back(stack: Stack) -> None:
    """B13 W3: the mail that tells of a new device can unpair it; what the restore ended is good again."""
    person = Person.restorable(stack)
    spent = person.paper
    thief = person.other_phone("Thief's phone")
    thief.complete(person.restoring(thief), person.mailed_code()).expect(201)
    mail = person.inbox.next("restored", lambda mail: thief.name in mail.text and not mail.code)
    path = dispute_path(person, mail)
    open_ten_times(person, path)
    assert person.devices() == {person.phone.id, thief.id}
    assert not person.is_in_force(spent)
    assert thief.dispute(path.rpartition("/")[2]).status == 200
    assert person.devices() == {person.phone.id}
    assert person.is_in_force(spent)
    thief.sign_in().expect(401, "not_paired")
    assert thief.dispute(path.rpartition("/")[2]).status == 410


def test_made_up_links_are_over(stack: Stack) -> None:
    """ASVS 6.3.8: a link for nobody, for somebody with another secret, and of a wrong form: one and the same page."""
    person = Person.restorable(stack)
    phone = person.other_phone()
    person.restoring(phone)
    _, mail = person.inbox.next_code("the second code")
    token = dispute_path(person, mail).rpartition("/")[2]
    secret = token.rpartition(".")[2]
    forged = token.removesuffix(secret) + secret[::-1]
    pages = [phone.dispute(one) for one in (forged, f"nobody.{token.partition('.')[2]}", "0" * 60)]
    pages += [phone.fetch(f"/dispute/{one}") for one in (forged, f"nobody.{token.partition('.')[2]}")]
    assert [page.status for page in pages] == [410] * 5
    assert len({page.body for page in pages}) == 1
    assert len(person.phone.show().expect(200)["restorations"]) == 1


def dispute_path(person: Person, mail: Mail) -> str:
    """The path of the mail's link, below the server's address, which it has to have."""
    (link,) = [link for link in mail.links if "/dispute/" in link]
    assert link.startswith(f"{person.stack.api}/dispute/")
    return link.removeprefix(person.stack.api)


def open_ten_times(person: Person, path: str) -> None:
    """Fetch a link as those do that look into every mail: several at once, without cookies, in any language."""
    visitors = [another_phone(person.stack, language=("de", "en")[n % 2]) for n in range(10)]
    requests = [visitor.unsigned("GET", path).adding("User-Agent", SCANNER) for visitor in visitors]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(send, requests))
    assert {answer.status for answer in answers} == {200}
    assert all('method="post"' in answer.text for answer in answers), "no button"
