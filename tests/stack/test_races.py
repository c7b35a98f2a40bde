"""Races on the deployed stack: whatever arrives at once, one outcome, nothing half done, and never a 5xx.

The functions run in processes of their own against one table, and each race is run for up to 30 rounds within a few
seconds. After each the identity's log is read whole: no gap, no fork, and no device that it does not tell of.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from local.phone import Phone, other_digits
from tests.stack.people import Person, another_phone, outcomes, pairing_completion
from tests.stack.racing import at_once, check_history, rounds

if TYPE_CHECKING:
    from local.phone import Answer
    from local.stack import Stack

AT_ONCE = 16
FEWER = 8
"""Where more would only cost more: each that is under way at once is a process with all of the layers on its own."""
ATTEMPTS = 5


# Completions ---------------------------------------------------------------------------------------------------------


def test_sixteen_completions_of_one_phone_bind_it_once(stack: Stack) -> None:
    """B7 N2 ASVS 2.3.3 15.4.2: one is 201, the others are its repeats; one device more, and one code in force."""
    for _ in rounds():
        person = Person.restorable(stack)
        spent, new = person.paper, person.other_phone()
        number = person.restoring(new)
        code = person.mailed_code()
        answers = at_once([new.prepare_completion(number, code) for _ in range(AT_ONCE)])
        assert outcomes(answers) == {(201, None): 1, (200, None): AT_ONCE - 1}
        assert {answer.document["device"]["id"] for answer in answers} == {new.id}
        assert person.devices() == {person.phone.id, new.id}
        handed_out = [answer.document["restore_code"] for answer in answers if "restore_code" in answer.document]
        assert len(set(handed_out)) == len(handed_out)
        assert not person.is_in_force(spent)
        assert sum(person.is_in_force(code) for code in handed_out) == 1
        told = check_history(stack, person.identity)
        assert (told["restoration.completed"], told["device.paired"]) == (1, 1)


def test_completions_of_three_restorations_bind_one_phone_and_spend_one_code(stack: Stack) -> None:
    """B7 ASVS 15.4.2: three phones have both codes each; one is bound, the others' restorations are cancelled."""
    for _ in rounds():
        person = Person.restorable(stack)
        spent = person.paper
        phones = [person.other_phone(f"Phone {n}") for n in range(3)]
        numbers, codes = [], []
        for phone in phones:
            numbers.append(person.restoring(phone))
            codes.append(person.mailed_code())
        turns = [n % 3 for n in range(AT_ONCE)]
        answers = at_once([phones[n].prepare_completion(numbers[n], codes[n]) for n in turns])
        bound = {answer.document["device"]["id"] for answer in answers if answer.status in {200, 201}}
        assert len(bound) == 1
        winner = next(n for n in range(3) if {phones[n].id} == bound)
        for turn, answer in zip(turns, answers, strict=True):
            assert (answer.status in {200, 201}) == (turn == winner), answer.text
            if turn != winner:
                answer.expect(410, "cancelled")
        assert outcomes(answers)[201, None] == 1
        assert person.devices() == {person.phone.id, *bound}
        assert not person.is_in_force(spent)
        told = check_history(stack, person.identity)
        assert (told["restoration.completed"], told["device.paired"]) == (1, 1)


def test_sixteen_wrong_guesses_get_five_attempts(stack: Stack) -> None:
    """B6 N3 ASVS 6.6.3: each of the five attempts is used once, what comes after is over, for the right code too."""
    for _ in rounds():
        person = Person.restorable(stack)
        new = person.other_phone()
        number = person.restoring(new)
        code = person.mailed_code()
        answers = at_once([new.prepare_completion(number, other_digits(code, 1 + n)) for n in range(AT_ONCE)])
        assert outcomes(answers) == {
            (403, "wrong_code"): ATTEMPTS,
            (410, "attempts_exhausted"): AT_ONCE - ATTEMPTS,
        }
        assert attempts_left(answers) == [0, 1, 2, 3, 4]
        new.complete(number, code).expect(410, "attempts_exhausted")
        assert person.devices() == {person.phone.id}
        assert person.is_in_force(person.paper)
        assert check_history(stack, person.identity)["restoration.code_refused"] == ATTEMPTS


def test_the_right_code_among_fifteen_wrong_guesses(stack: Stack) -> None:
    """B6 N3: it binds if it comes among the first five, else it is over; the guesses never get more than five."""
    came_through = 0
    for turn in rounds():
        person = Person.restorable(stack)
        new = person.other_phone()
        number = person.restoring(new)
        code = person.mailed_code()
        guesses = [other_digits(code, 1 + n) for n in range(AT_ONCE - 1)]
        place = turn % AT_ONCE
        tried = [*guesses[:place], code, *guesses[place:]]
        answers = at_once([new.prepare_completion(number, one) for one in tried])
        right = answers[place]
        wrong = [answer for answer in answers if answer is not right]
        left = attempts_left(wrong)
        assert left == list(range(ATTEMPTS - len(left), ATTEMPTS)), "attempts were counted twice, or not"
        if right.status == 201:
            came_through += 1
            assert len(left) < ATTEMPTS
            assert {answer.code for answer in wrong} <= {"wrong_code", "used"}
            assert person.devices() == {person.phone.id, new.id}
        else:
            right.expect(410, "attempts_exhausted")
            assert len(left) == ATTEMPTS
            assert person.devices() == {person.phone.id}
        told = check_history(stack, person.identity)
        assert told.get("restoration.completed", 0) == (right.status == 201)
        assert told.get("restoration.code_refused", 0) == len(left)
    print("the right code came through:", came_through)  # noqa: T201 - pytest shows it with -rP


def test_completing_while_another_code_is_made(stack: Stack) -> None:
    """B7: the new code is the only one in force; the restoration came before it, or is cancelled by it."""
    seen: Counter[int] = Counter()
    for _ in rounds():
        person = Person.restorable(stack)
        new = person.other_phone()
        number = person.restoring(new)
        completion = new.prepare_completion(number, person.mailed_code())
        completed, enabled = at_once([completion, person.phone.prepare_enabling()])
        fresh = enabled.expect(201)["restore_code"]
        bound = completed.status == 201
        if not bound:
            completed.expect(410, "cancelled")
        seen[completed.status] += 1
        assert person.devices() == ({person.phone.id, new.id} if bound else {person.phone.id})
        assert person.is_in_force(fresh)
        assert not person.is_in_force(person.paper)
        if bound:
            assert not person.is_in_force(completed.document["restore_code"])
        check_history(stack, person.identity)
    print(dict(seen))  # noqa: T201 - pytest shows it with -rP


def test_completing_during_a_veto(stack: Stack) -> None:
    """B1: it is completed or vetoed, never both; whoever comes second is told what became of it."""
    seen: Counter[int] = Counter()
    for _ in rounds():
        person = Person.restorable(stack)
        new = person.other_phone()
        number = person.restoring(new)
        completion = new.prepare_completion(number, person.mailed_code())
        veto = person.phone.prepare("DELETE", person.phone.path(f"/restorations/{number}"), verified=True)
        completed, vetoed = at_once([completion, veto])
        seen[completed.status] += 1
        told = check_history(stack, person.identity)
        if completed.status == 201:
            vetoed.expect(410, "used")
            assert person.devices() == {person.phone.id, new.id}
            assert "restoration.cancelled" not in told
        else:
            completed.expect(410, "cancelled")
            vetoed.expect(204)
            assert person.devices() == {person.phone.id}
            assert person.is_in_force(person.paper)
            assert "restoration.completed" not in told
    print(dict(seen))  # noqa: T201 - pytest shows it with -rP


def test_completing_while_the_link_of_the_mail_is_used(stack: Stack) -> None:
    """B13: the link ends the restoration, or the device that it brought by then; either way it is not paired."""
    for _ in rounds():
        person = Person.restorable(stack)
        new = person.other_phone()
        number = person.restoring(new)
        code, mail = person.inbox.next_code("the second code")
        token = next(link for link in mail.links if "/dispute/" in link).rpartition("/")[2]
        press = new.unsigned("POST", f"/dispute/{token}", b"", content_type="application/x-www-form-urlencoded")
        completed, *pressed = at_once([new.prepare_completion(number, code), press, press, press])
        assert sorted(answer.status for answer in pressed) == [200, 410, 410], "a link works once"
        if completed.status != 201:
            completed.expect(410, "cancelled")
        assert person.devices() == {person.phone.id}
        new.sign_in().expect(401, "not_paired")
        assert person.is_in_force(person.paper), "what a dispute takes away does not keep the owner out"
        check_history(stack, person.identity)


# Requests, creations and sign-ins ------------------------------------------------------------------------------------


def test_sixteen_requests_by_one_key_are_one_restoration_and_one_mail(stack: Stack) -> None:
    """ASVS 2.4.1: an app that sends again while the first is under way costs the owner one mail."""
    for _ in rounds():
        person = Person.restorable(stack)
        before = len(person.inbox.mails())
        new = person.other_phone()
        answers = at_once([new.prepare_restoration(person.identity, person.paper) for _ in range(AT_ONCE)])
        assert outcomes(answers) == {(202, None): AT_ONCE}
        assert len({answer.document["restoration"]["id"] for answer in answers}) == 1
        assert len(person.phone.show().expect(200)["restorations"]) == 1
        number = answers[0].document["restoration"]["id"]
        new.complete(number, person.mailed_code()).expect(201)
        codes = [mail for mail in person.inbox.mails()[before:] if mail.code]
        assert len(codes) == 1
        assert check_history(stack, person.identity)["restoration.requested"] == 1


def test_six_phones_that_ask_at_once_leave_three_waiting_for_their_code(stack: Stack) -> None:
    """B6: at most three await their code, a further one ends the oldest, and none is refused for it."""
    for _ in rounds():
        person = Person.restorable(stack)
        phones = [person.other_phone(f"Phone {n}") for n in range(6)]
        answers = at_once([phone.prepare_restoration(person.identity, person.paper) for phone in phones])
        assert outcomes(answers) == {(202, None): 6}
        assert len({answer.document["restoration"]["id"] for answer in answers}) == 6
        assert len(person.phone.show().expect(200)["restorations"]) == 3
        assert check_history(stack, person.identity)["restoration.requested"] == 6


def test_creations_of_one_name_bind_one(stack: Stack) -> None:
    """ASVS 2.3.3: the name is one phone's; the others hear that it is taken, and have bound nothing."""
    for _ in rounds():
        name = Person.new(stack).identity
        phones = [another_phone(stack, name) for _ in range(FEWER)]
        answers = at_once([phone.prepare_creation(name) for phone in phones])
        assert outcomes(answers) == {(201, None): 1, (409, "identity_taken"): FEWER - 1}
        (owner,) = [phone for phone, answer in zip(phones, answers, strict=True) if answer.status == 201]
        assert {device["id"] for device in owner.show().expect(200)["devices"]} == {owner.id}
        assert check_history(stack, name) == {"identity.created": 1}


def test_creations_by_one_phone_are_one(stack: Stack) -> None:
    """An app whose answers are lost gets its identity, however often it has asked; a name is created once."""
    for _ in rounds():
        person = Person.new(stack)
        requests = []
        for _ in range(FEWER):
            phone = another_phone(stack)  # a source of its own: ten creations an hour are the limit of one
            phone.key, phone.verification = person.phone.key, person.phone.verification
            requests.append(phone.prepare_creation(person.identity))
        answers = at_once(requests)
        assert outcomes(answers) == {(201, None): 1, (200, None): FEWER - 1}
        assert {answer.document["device"]["id"] for answer in answers} == {person.phone.id}
        assert check_history(stack, person.identity) == {"identity.created": 1}


def test_creations_with_an_address_by_one_phone_are_one(stack: Stack) -> None:
    """N3: sent twice at once it is one identity, and the address is confirmed by what was mailed to it."""
    for _ in rounds():
        person = Person.new(stack)
        answers = at_once([person.phone.prepare_creation(person.identity, person.inbox.address) for _ in range(2)])
        assert outcomes(answers) == {(201, None): 1, (200, None): 1}
        person.phone.identity = person.identity
        codes = {mail.code or "" for mail in person.inbox.mails()}
        confirmations = outcomes([person.phone.confirm_email(code) for code in codes])
        assert confirmations.pop((200, None)) == 1
        assert set(confirmations) <= {(403, "wrong_code"), (410, "used")}, "each of the two may have been mailed a code"
        assert check_history(stack, person.identity)["email.confirmed"] == 1


def test_sign_ins_at_once_are_all_counted(stack: Stack) -> None:
    """S2: of two phones, four each: every count from 1 to 8 is told once."""
    for _ in rounds():
        person = Person.restorable(stack)
        second = person.with_second_phone()
        requests = [phone.prepare_sign_in() for _ in range(4) for phone in (person.phone, second)]
        answers = at_once(requests)
        assert outcomes(answers) == {(201, None): 8}
        assert sorted(answer.document["sign_in_count"] for answer in answers) == list(range(1, 9))
        assert person.phone.show().expect(200)["sign_in_count"] == 8


def test_one_recorded_request_sent_many_times_at_once_is_accepted_once(stack: Stack) -> None:
    """RFC 9421, 7.2.2: a nonce is accepted once, by a sign-in and by the completion of a phone without an item."""
    for _ in rounds():
        person = Person.restorable(stack)
        answers = at_once([person.phone.prepare_sign_in()] * 8)
        assert outcomes(answers) == {(201, None): 1, (401, "signature_replayed"): 7}
        assert person.phone.show().expect(200)["sign_in_count"] == 1
        new = person.other_phone()
        completion = new.prepare_completion(person.restoring(new), person.mailed_code())
        answers = at_once([completion] * AT_ONCE)
        assert outcomes(answers) == {(201, None): 1, (401, "signature_replayed"): AT_ONCE - 1}
        (done,) = [answer for answer in answers if answer.status == 201]
        assert person.is_in_force(done.document["restore_code"])
        check_history(stack, person.identity)


# Devices -------------------------------------------------------------------------------------------------------------


def two_phones_without_restore(stack: Stack) -> tuple[Person, Phone, Phone]:
    """A person with two paired phones and no way back."""
    person = Person.restorable(stack)
    second = person.with_second_phone()
    person.phone.disable().expect(204)
    return person, person.phone, second


def test_two_phones_that_unpair_each_other_leave_one(stack: Stack) -> None:
    """B8: while restore is not enabled; the one that is left cannot go, either (409 `last_device`)."""
    seen: Counter[int] = Counter()
    for _ in rounds():
        person, first, second = two_phones_without_restore(stack)
        by_first, by_second = at_once([first.prepare_unpairing(second.id), second.prepare_unpairing(first.id)])
        stays, goes = (first, second) if by_first.status == 204 else (second, first)
        seen[by_first.status] += 1
        lost = by_second if stays is first else by_first
        lost.expect(401, "not_paired")
        assert person.devices(stays) == {stays.id}
        goes.sign_in().expect(401, "not_paired")
        stays.unpair(stays.id).expect(409, "last_device")
        assert check_history(stack, person.identity)["device.unpaired"] == 1
    print(dict(seen))  # noqa: T201 - pytest shows it with -rP


def test_two_phones_that_unpair_themselves_leave_one(stack: Stack) -> None:
    """B8: the second of them is the last device, and stays."""
    for _ in rounds():
        person, first, second = two_phones_without_restore(stack)
        answers = at_once([first.prepare_unpairing(first.id), second.prepare_unpairing(second.id)])
        assert outcomes(answers) == {(204, None): 1, (409, "last_device"): 1}
        stays = first if answers[0].status == 409 else second
        assert person.devices(stays) == {stays.id}
        assert check_history(stack, person.identity)["device.unpaired"] == 1


def test_the_last_phone_goes_while_restore_is_disabled(stack: Stack) -> None:
    """B8 S3: either it went first and cannot disable, or restore is off and it stays; nobody is left without a way."""
    seen: Counter[int] = Counter()
    for _ in rounds():
        person = Person.restorable(stack)
        phone = person.phone
        disabling = phone.prepare("DELETE", phone.path("/restore"), verified=True)
        unpaired, disabled = at_once([phone.prepare_unpairing(phone.id), disabling])
        seen[unpaired.status] += 1
        if unpaired.status == 204:
            disabled.expect(401, "not_paired")
            new = person.other_phone()
            new.complete(person.restoring(new), person.mailed_code()).expect(201)
        else:
            unpaired.expect(409, "last_device")
            disabled.expect(204)
            assert person.devices() == {phone.id}
        check_history(stack, person.identity)
    print(dict(seen))  # noqa: T201 - pytest shows it with -rP


def test_pairing_completions_at_once_bind_one_phone(stack: Stack) -> None:
    """N6 S20: four phones have seen the same QR code; it is used once, and the others hear that."""
    for _ in rounds():
        person = Person.restorable(stack)
        pairing, secret = offered(person)
        phones = [person.other_phone(f"Phone {n}") for n in range(4)]
        answers = at_once([pairing_completion(phone, pairing, secret) for phone in phones])
        assert outcomes(answers) == {(201, None): 1, (410, "used"): 3}
        (bound,) = [phone.id for phone, answer in zip(phones, answers, strict=True) if answer.status == 201]
        assert person.devices() == {person.phone.id, bound}
        assert check_history(stack, person.identity)["device.paired"] == 1


def test_pairing_completions_of_one_phone_are_one(stack: Stack) -> None:
    """N6 S11: an app that scans once and sends four times is one device."""
    for _ in rounds():
        person = Person.restorable(stack)
        pairing, secret = offered(person)
        new = person.other_phone()
        answers = at_once([pairing_completion(new, pairing, secret) for _ in range(4)])
        assert outcomes(answers) == {(201, None): 1, (200, None): 3}
        assert person.devices() == {person.phone.id, new.id}
        assert check_history(stack, person.identity)["device.paired"] == 1


def test_two_pairings_for_the_last_place_fill_it_once(stack: Stack) -> None:
    """`max_devices` holds whoever comes at once: ten are paired, and the offer that came too late is not spent."""
    person = Person.restorable(stack)
    for _ in range(8):
        person.with_second_phone()
    offers = [offered(person) for _ in range(3)]
    phones = [person.other_phone(f"Phone {n}") for n in range(3)]
    requests = [pairing_completion(phone, *offer) for phone, offer in zip(phones, offers, strict=True)]
    answers = at_once(requests)
    assert outcomes(answers) == {(201, None): 1, (409, "limit_reached"): 2}
    assert len(person.devices()) == 10
    check_history(stack, person.identity)


def test_a_restore_that_unpairs_the_others_while_one_of_them_pairs_another(stack: Stack) -> None:
    """S18 S19 B8: afterwards the restored phone is the only one, whatever was under way."""
    for _ in rounds():
        person = Person.restorable(stack)
        new, third = person.other_phone(), person.other_phone("Third phone")
        pairing, secret = offered(person)
        number = person.restoring(new)
        completion = new.prepare_completion(number, person.mailed_code(), "unpair")
        completed, paired = at_once([completion, pairing_completion(third, pairing, secret)])
        completed.expect(201)
        if paired.status != 201:
            paired.expect(410, "cancelled")
        assert person.devices(new) == {new.id}
        expected = {person.phone.id} | ({third.id} if paired.status == 201 else set())
        assert set(completed.document["unpaired"]) == expected
        check_history(stack, person.identity)


# Mailed codes --------------------------------------------------------------------------------------------------------


def test_confirmation_codes_guessed_at_once_get_five_attempts(stack: Stack) -> None:
    """N3 ASVS 6.6.3: of eight at once five are judged; afterwards the address cannot be confirmed with that code."""
    for _ in rounds():
        person = Person.new(stack)
        phone = person.phone
        phone.create(person.identity, person.inbox.address).expect(201)
        code = person.mailed_code()
        path = phone.path("/email/confirmation")
        guesses = [phone.prepare("POST", path, {"code": other_digits(code, 1 + n)}) for n in range(8)]
        answers = at_once(guesses)
        assert outcomes(answers) == {(403, "wrong_code"): ATTEMPTS, (410, "attempts_exhausted"): 3}
        assert attempts_left(answers) == [0, 1, 2, 3, 4]
        phone.confirm_email(code).expect(410, "attempts_exhausted")
        assert phone.show().expect(200)["email_confirmed"] is False
        check_history(stack, person.identity)


def test_two_resends_at_once_are_one_mail(stack: Stack) -> None:
    """N3 ASVS 2.4.1: the second is told when to come again; the code of the one mail is the one that holds."""
    for _ in rounds():
        person = Person.restorable(stack)
        new = person.other_phone()
        number = person.restoring(new)
        first = person.mailed_code()
        sent_a_minute_earlier(stack, person, "rst", number)
        path = new.path(f"/restorations/{number}/resend")
        answers = at_once([new.prepare("POST", path, {}) for _ in range(2)])
        assert outcomes(answers) == {(202, None): 1, (429, "too_many_requests"): 1}
        assert new.restoration(number).expect(200)["restoration"]["resends_left"] == 2
        second = person.mailed_code()
        assert len([mail for mail in person.inbox.mails() if mail.code]) == 3
        new.complete(number, first).expect(403, "wrong_code")
        new.complete(number, second).expect(201)
        assert check_history(stack, person.identity)["restoration.code_resent"] == 1


def test_two_resends_of_a_confirmation_at_once_are_one_mail(stack: Stack) -> None:
    """N3 ASVS 2.4.1: the same for the code that confirms an address."""
    for _ in rounds():
        person = Person.new(stack)
        phone = person.phone
        phone.create(person.identity, person.inbox.address).expect(201)
        person.mailed_code()
        sent_a_minute_earlier(stack, person, "pending")
        path = phone.path("/email/confirmation/resend")
        answers = at_once([phone.prepare("POST", path, {}) for _ in range(2)])
        assert outcomes(answers) == {(202, None): 1, (429, "too_many_requests"): 1}
        phone.confirm_email(person.mailed_code()).expect(200)
        assert len([mail for mail in person.inbox.mails() if mail.code]) == 2
        check_history(stack, person.identity)


def attempts_left(answers: list[Answer]) -> list[int]:
    """What the wrong codes were told, in order of size."""
    return sorted(answer.document["attempts_left"] for answer in answers if answer.code == "wrong_code")


def offered(person: Person) -> tuple[str, str]:
    """The id and secret of a pairing that the person's phone shows."""
    phone = person.phone
    document = phone.act("POST", phone.path("/pairings"), {}, verified=True).expect(201)
    return document["pairing"]["id"], document["secret"]


def sent_a_minute_earlier(stack: Stack, person: Person, *path: str) -> None:
    """Let a mailed code be a minute older than it is, so that nobody has to wait for the pause before a resend."""
    names = {f"#{n}": name for n, name in enumerate([*path, "s"])}
    place = ".".join(names)
    stack.client("dynamodb").update_item(
        TableName=stack.table,
        Key={"PK": {"S": f"ID#{person.identity}"}, "SK": {"S": "R"}},
        UpdateExpression=f"SET {place} = {place} - :minute",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={":minute": {"N": "60"}},
    )
