"""The profile of signed requests: what holds, and everything that is refused although its signature would."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import itertools
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import utils

from restore import signatures
from restore.errors import Problem
from restore.signatures import Request, check
from tests.unit.events import NONCE, NOW, TAG, TAG_VERIFIED, Key

DEVICE = Key("p256", 11)
VERIFIER = Key("ed25519", 12)
OTHER = Key("p256", 13)
BODY = b'{"answer":"not_now"}'
DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:"
EMPTY_DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256(b'').digest()).decode()}:"
PARTS = ("@method", "@authority", "@path", "content-digest")
BARE = ("@method", "@authority", "@path")
POST = Request("POST", "id.example.com", "/live/v1/identities/ada/x", None, {"content-digest": DIGEST}, BODY)
GET = Request("GET", "id.example.com", "/live/v1/identities/ada", None, {}, None)


@dataclasses.dataclass
class Draft:
    """One signature, written by hand: `parameters` are spelled as they go out, in this order."""

    key: Key = DEVICE
    tag: str = TAG
    parts: tuple[str, ...] = PARTS
    label: str = "phone"
    parameters: dict[str, str] = dataclasses.field(default_factory=dict)
    without: tuple[str, ...] = ()
    covered: str = ""  # the list as it is spelled, where it is not just the parts

    def value(self) -> str:
        """The member's value, which is the base's last line too."""
        own = {"created": str(NOW), "nonce": f'"{NONCE}"', "keyid": f'"{self.key.id}"', "tag": f'"{self.tag}"'}
        named = {name: value for name, value in (own | self.parameters).items() if name not in self.without}
        covered = self.covered or " ".join(f'"{part}"' for part in self.parts)
        return f"({covered})" + "".join(f";{name}={value}" for name, value in named.items())

    def base(self, request: Request) -> str:
        """The base by the letter of RFC 9421, 2.5, from the request's own values."""
        values = {
            "@method": request.method,
            "@authority": request.authority,
            "@path": request.path,
            "@query": f"?{request.query}",
            **request.headers,
        }
        texts = [f'"{part}": {values[part]}' for part in self.parts]
        return "\n".join([*texts, f'"@signature-params": {self.value()}'])


def signed(request: Request, *drafts: Draft, **headers: str) -> Request:
    """The request with its signatures; `headers` (with underscores) replace what came of it."""
    members = [(one, base64.b64encode(one.key.sign(one.base(request))).decode()) for one in drafts]
    made = {
        **request.headers,
        "signature-input": ", ".join(f"{one.label}={one.value()}" for one in drafts),
        "signature": ", ".join(f"{one.label}=:{raw}:" for one, raw in members),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return request._replace(headers=made)


def problem(request: Request, **options: Any) -> Problem:
    """The refusal of a request."""
    with pytest.raises(Problem) as caught:
        check(request, now=NOW, **options)
    return caught.value


def refused(request: Request, base: str | None, **options: Any) -> Problem:
    """The request is `signature_invalid`, and the answer has this base, or none."""
    found = problem(request, **options)
    assert found.code == "signature_invalid"
    assert found.members == ({} if base is None else {"signature_base": base})
    return found


class TestWhatHolds:
    """Requests as the contract has them."""

    def test_the_device_key_signs(self) -> None:
        """A 8.2.1: who signed is said by the key, with the nonce and the base."""
        draft = Draft()
        found = check(signed(POST, draft), now=NOW)
        assert found == signatures.Signed(DEVICE.id, NONCE, (), (draft.base(POST),))

    def test_the_verification_key_signs_too(self) -> None:
        """S4 A 7.5.1: the second signature tells the verification key; its order and label mean nothing."""
        first, second = Draft(), Draft(key=VERIFIER, tag=TAG_VERIFIED, label="v")
        for drafts in ((first, second), (second, first)):
            found = check(signed(POST, *drafts), now=NOW)
            assert (found.keyid, found.verifiers) == (DEVICE.id, (VERIFIER.id,))
            assert found.bases == (first.base(POST), second.base(POST))

    @pytest.mark.parametrize("number", range(24))
    def test_parts_and_parameters_in_any_order(self, number: int) -> None:
        """Contract, signed requests: any order, under any label."""
        order = list(itertools.permutations(range(4)))[number]
        own = {"created": str(NOW), "nonce": f'"{NONCE}"', "keyid": f'"{DEVICE.id}"', "tag": f'"{TAG}"'}
        names = [list(own)[i] for i in order]

        class Ordered(Draft):
            def value(self) -> str:
                covered = " ".join(f'"{part}"' for part in self.parts)
                return f"({covered})" + "".join(f";{name}={own[name]}" for name in names)

        draft = Ordered(parts=tuple(PARTS[i] for i in order), label="*a-b.c_9")
        assert check(signed(POST, draft), now=NOW).keyid == DEVICE.id

    @pytest.mark.parametrize("body", [None, b""])
    @pytest.mark.parametrize("parts", [BARE, PARTS])
    def test_an_empty_body_is_covered_or_not(self, body: bytes | None, parts: tuple[str, ...]) -> None:
        """Contract, signed requests: an empty body may be covered by its digest or not."""
        request = GET._replace(body=body, headers={"content-digest": EMPTY_DIGEST})
        assert check(signed(request, Draft(parts=parts)), now=NOW).keyid == DEVICE.id

    def test_a_query_is_covered(self) -> None:
        """Contract, signed requests: `@query` is a part where there is one, with its question mark."""
        request = GET._replace(query="cursor=a-b_c.d~9")
        draft = Draft(parts=(*BARE, "@query"))
        assert '\n"@query": ?cursor=a-b_c.d~9\n' in draft.base(request)
        assert check(signed(request, draft), now=NOW).keyid == DEVICE.id

    @pytest.mark.parametrize(("key", "alg"), [(DEVICE, "ecdsa-p256-sha256"), (VERIFIER, "ed25519")])
    def test_alg_may_be_there_and_must_fit(self, key: Key, alg: str) -> None:
        """Contract, signed requests: `alg` is the key's own or the request is refused."""
        draft = Draft(key=key, parameters={"alg": f'"{alg}"'})
        assert check(signed(POST, draft), now=NOW).keyid == key.id
        other = {"ed25519": "ecdsa-p256-sha256", "ecdsa-p256-sha256": "ed25519"}[alg]
        for wrong in (f'"{other}"', '"rsa-pss-sha512"', '""', alg, "1"):
            draft = Draft(key=key, parameters={"alg": wrong})
            refused(signed(POST, draft), draft.base(POST))

    @pytest.mark.parametrize("nonce", ["a" * 22, "a" * 128, "-_-_-_-_-_-_-_-_-_-_-_"])
    def test_nonces_at_their_edges(self, nonce: str) -> None:
        """Contract, signed requests: 22 to 128 characters of base64url."""
        assert check(signed(POST, Draft(parameters={"nonce": f'"{nonce}"'})), now=NOW).nonce == nonce

    @pytest.mark.parametrize("skew", [-120, -1, 1, 120])
    def test_two_minutes_either_way(self, skew: int) -> None:
        """Contract, signed requests: `created` is accepted within 120 s either way."""
        assert check(signed(POST, Draft(parameters={"created": str(NOW + skew)})), now=NOW).keyid == DEVICE.id

    def test_signatures_with_other_tags_are_ignored(self) -> None:
        """Contract, signed requests: whatever a proxy signed with, it is not ours to judge."""
        own = signed(POST, Draft())
        other = (
            'proxy=("@status" "a";sf "b";key="x" tok 1 -2.5 ?0 :AA==: @12 %"f%c3%bc")'
            ';created=1;expires=2;tag="other";x;y=?1;z=t/:k, none=();keyid="\\"\\\\"'
        )
        for first in (True, False):
            pairs = [(other, "proxy=:AAAA:, none=:AA==:"), (own.headers["signature-input"], own.headers["signature"])]
            pairs = pairs if first else pairs[::-1]
            both = {"signature_input": ", ".join(p[0] for p in pairs), "signature": " ,\t".join(p[1] for p in pairs)}
            assert check(signed(POST, Draft(), **both), now=NOW).keyid == DEVICE.id

    def test_blanks_and_noughts_are_written_canonically(self) -> None:
        """RFC 9421, 2.3: the last line of the base is the list serialised anew, however it was spelled."""
        own = signed(POST, Draft())
        spelled = own.headers["signature-input"].replace('" "', '"   "').replace("(", "(  ").replace(")", " )")
        spelled = spelled.replace(";", ";  ").replace("created=1", "created=001")
        assert check(signed(POST, Draft(), signature_input=f"  {spelled} "), now=NOW).keyid == DEVICE.id

    def test_two_verification_keys_where_one_replaces_the_other(self) -> None:
        """S12: the old and the new verification key sign, told apart by keyid, in the header's order."""
        drafts = [Draft(), *(Draft(key=k, tag=TAG_VERIFIED, label=f"v{k.kind}") for k in (VERIFIER, OTHER))]
        found = check(signed(POST, *drafts), now=NOW, verifiers=2)
        assert found.verifiers == (VERIFIER.id, OTHER.id)
        refused(signed(POST, *drafts), drafts[2].base(POST))
        refused(signed(POST, *drafts[:2]), drafts[1].base(POST), verifiers=0)

    def test_a_refusal_of_a_key_that_signed(self) -> None:
        """N6 S12: a signature that holds but by the wrong key is refused with the base of just that one."""
        first, second = Draft(), Draft(key=VERIFIER, tag=TAG_VERIFIED, label="v")
        found = check(signed(POST, first, second), now=NOW)
        for verifier, base in ((None, first), (VERIFIER.id, second), (OTHER.id, first)):
            refusal = found.refusal("because", verifier)
            assert (refusal.code, refusal.reason) == ("signature_invalid", "because")
            assert refusal.members == {"signature_base": base.base(POST)}


class TestMissing:
    """`signature_missing`: there is none with the tag."""

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"signature-input": ""},
            {"signature-input": "  ", "signature": "phone=:AAAA:"},
            {"signature": "phone=:AAAA:"},
        ],
    )
    def test_no_signature(self, headers: dict[str, str]) -> None:
        """A 16.5.3: no signature, no act."""
        found = problem(GET._replace(headers=headers))
        assert (found.code, found.members) == ("signature_missing", {})

    @pytest.mark.parametrize(
        "draft",
        [
            Draft(tag="id-restore-v2"),
            Draft(tag="ID-RESTORE"),
            Draft(tag=""),
            Draft(without=("tag",)),
            Draft(tag=TAG_VERIFIED),
        ],
    )
    def test_no_signature_with_the_tag(self, draft: Draft) -> None:
        """S4: another tag is no signature; the verification key alone signs nothing."""
        assert problem(signed(POST, draft)).code == "signature_missing"


class TestExpired:
    """`signature_expired`: it holds, but the clock is wrong."""

    @pytest.mark.parametrize("created", [0, NOW - 121, NOW + 121, 10**15 - 1])
    def test_too_old_or_from_the_future(self, created: int) -> None:
        """A 6.6.2: more than 120 s either way, by any of its signatures."""
        wrong = {"created": str(created)}
        assert problem(signed(POST, Draft(parameters=wrong))).code == "signature_expired"
        second = Draft(key=VERIFIER, tag=TAG_VERIFIED, label="v", parameters=wrong)
        found = problem(signed(POST, Draft(), second))
        assert (found.code, found.members) == ("signature_expired", {})

    def test_only_the_holder_of_the_key_is_told(self) -> None:
        """A 16.5.1: a signature that does not hold is that first, whatever its time; so is a second one."""
        old = Draft(parameters={"created": "1"})
        good = signed(POST, old)
        refused(signed(POST, old, signature=signed(POST, Draft()).headers["signature"]), old.base(POST))
        assert problem(good).code == "signature_expired"
        forged = Draft(tag=TAG_VERIFIED, label="v", parameters={"keyid": f'"{VERIFIER.id}"'})
        refused(signed(POST, old, forged), forged.base(POST))

    def test_the_skew_is_a_setting(self) -> None:
        """Contract, signed requests: the discovery document names it."""
        request = signed(POST, Draft(parameters={"created": str(NOW - 5)}))
        assert check(request, now=NOW, max_skew=5).keyid == DEVICE.id
        assert problem(request, max_skew=4).code == "signature_expired"


PARAMETERS: dict[str, Draft] = {
    "created missing": Draft(without=("created",)),
    "created negative": Draft(parameters={"created": "-1"}),
    "created a string": Draft(parameters={"created": f'"{NOW}"'}),
    "created a decimal": Draft(parameters={"created": f"{NOW}.0"}),
    "created a date": Draft(parameters={"created": f"@{NOW}"}),
    "created a boolean": Draft(parameters={"created": "?1"}),
    "created a token": Draft(parameters={"created": "now"}),
    "nonce missing": Draft(without=("nonce",)),
    "nonce short": Draft(parameters={"nonce": f'"{"a" * 21}"'}),
    "nonce long": Draft(parameters={"nonce": f'"{"a" * 129}"'}),
    "nonce empty": Draft(parameters={"nonce": '""'}),
    "nonce of standard base64": Draft(parameters={"nonce": '"eDd7Uld+tJRCf4kBT5fX/Sjz"'}),
    "nonce padded": Draft(parameters={"nonce": '"eDd7UldXtJRCf4kBT5fXmSg="'}),
    "nonce a token": Draft(parameters={"nonce": NONCE}),
    "nonce bytes": Draft(parameters={"nonce": f":{NONCE}:"}),
    "keyid missing": Draft(without=("keyid",)),
    "keyid empty": Draft(parameters={"keyid": '""'}),
    "keyid padded": Draft(parameters={"keyid": f'"{DEVICE.id}="'}),
    "keyid a token": Draft(parameters={"keyid": f"A{DEVICE.id}"}),
    "keyid no key": Draft(parameters={"keyid": '"phone"'}),
    "keyid off the curve": Draft(parameters={"keyid": f'"{"A" * 43}"'}),
    "expires": Draft(parameters={"expires": str(NOW + 60)}),
    "unknown parameter": Draft(parameters={"purpose": '"x"'}),
}
MAP = '"@method" "@authority" "@path"'
MAPD = MAP + ' "content-digest"'
COVERED: dict[str, tuple[Draft, str]] = {
    # name: (the signature, the lines of its base; as the server can write them)
    "method missing": (Draft(parts=PARTS[1:]), "apd"),
    "authority missing": (Draft(parts=("@method", "@path", "content-digest")), "mpd"),
    "path missing": (Draft(parts=("@method", "@authority", "content-digest")), "mad"),
    "digest missing": (Draft(parts=BARE), "map"),
    "nothing covered": (Draft(parts=()), ""),
    "a part twice": (Draft(parts=(*PARTS, "@path")), "mapd"),
    "a header more": (Draft(parts=(*PARTS, "content-type")), "mapdt"),
    "query without one": (Draft(parts=(*PARTS, "@query")), "mapd"),
    "a derived part more": (Draft(covered=MAPD + ' "@scheme"'), "mapd"),
    "target instead of path": (Draft(covered='"@method" "@authority" "@target-uri" "content-digest"'), "mad"),
    "a parameter on a part": (Draft(covered='"@method";req "@authority" "@path" "content-digest"'), "apd"),
    "digest as structured field": (Draft(covered=MAPD + ";sf"), "map"),
    "a part that is a token": (Draft(covered=MAP + " content-digest"), "map"),
    "a part in capitals": (Draft(covered='"@Method" "@authority" "@path" "content-digest"'), "apd"),
    "a header that is not there": (Draft(covered=MAPD + ' "x"'), "mapd"),
}


class TestInvalid:
    """`signature_invalid`, with the base of the first signature that fails where it can be parsed."""

    @pytest.mark.parametrize("name", PARAMETERS)
    def test_parameters(self, name: str) -> None:
        """A 6.6.2: each parameter is there once, of its type, and no other; the signature itself would hold."""
        draft = PARAMETERS[name]
        refused(signed(POST, draft), draft.base(POST))

    @pytest.mark.parametrize("name", COVERED)
    def test_parts(self, name: str) -> None:
        """A 6.6.2: just the profile's parts are covered; the base shows what the server could write of the others."""
        draft, initials = COVERED[name]
        request = POST._replace(headers={**POST.headers, "content-type": "application/json"})
        all_lines = {
            "m": '"@method": POST',
            "a": '"@authority": id.example.com',
            "p": '"@path": /live/v1/identities/ada/x',
            "d": f'"content-digest": {DIGEST}',
            "t": '"content-type": application/json',
        }
        base = "\n".join([*(all_lines[i] for i in initials), f'"@signature-params": {draft.value()}'])
        made = [part for part in draft.parts if part in {*PARTS, "content-type"}]
        message = signed(request, Draft(parts=tuple(made)), signature_input=f"phone={draft.value()}")
        raw = base64.b64encode(DEVICE.sign(base)).decode()  # it holds over the server's own text, and is refused
        refused(message._replace(headers={**message.headers, "signature": f"phone=:{raw}:"}), base)

    @pytest.mark.parametrize(
        "change",
        [
            {"method": "PUT"},
            {"authority": "id.example.org"},
            {"authority": "id.example.com:8443"},
            {"path": "/live/v1/identities/eve/x"},
            {"path": "/v1/identities/ada/x"},
            {"body": BODY + b" "},
            {"body": None},
            {"body": b""},
            {"query": "a=b"},
        ],
    )
    def test_another_request(self, change: dict[str, Any]) -> None:
        """A 8.2.1: a signature is good for one request; the base is the server's own and shows the difference."""
        draft, message = Draft(), signed(POST, Draft())
        other = message._replace(**change)
        refused(other, draft.base(POST._replace(**change)))

    def test_a_key_that_did_not_sign(self) -> None:
        """A 8.2.1: a signature by another key than it names, of either kind."""
        for key in (DEVICE, VERIFIER):
            draft = Draft(key=OTHER, parameters={"keyid": f'"{key.id}"'})
            refused(signed(POST, draft), draft.base(POST))

    @pytest.mark.parametrize(
        "digest",
        [
            DIGEST.replace("=:", ":"),
            DIGEST[:-1],
            DIGEST.replace("sha-256", "SHA-256"),
            DIGEST.replace("sha-256", "sha-512"),
            f"sha-512=:{base64.b64encode(hashlib.sha512(BODY).digest()).decode()}:",
            f"{DIGEST}, sha-512=:{base64.b64encode(hashlib.sha512(BODY).digest()).decode()}:",
            f"{EMPTY_DIGEST}, {DIGEST}",
            f"{DIGEST}, {DIGEST}",
            DIGEST + ";x",
            EMPTY_DIGEST,
            DIGEST.replace("+", "-").replace("/", "_"),
            f"sha-256=:{hashlib.sha256(BODY).hexdigest()}:",
            f"sha-256={base64.b64encode(hashlib.sha256(BODY).digest()).decode()}",
            "",
        ],
    )
    def test_digests(self, digest: str) -> None:
        """A 6.6.2: the body's SHA-256 in canonical base64 and nothing beside it; signed, but wrong."""
        request = POST._replace(headers={"content-digest": digest})
        refused(signed(request, Draft()), Draft().base(request))

    def test_the_last_symbol_of_a_digest_carries_no_spare_bits(self) -> None:
        """A 6.6.2: another spelling of the same digest is refused."""
        symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        last = symbols.index(DIGEST[-3])
        other = f"{DIGEST[:-3]}{symbols[last | 1 if not last & 1 else last & ~1]}=:"
        assert base64.b64decode(other[9:-1]) == base64.b64decode(DIGEST[9:-1])
        request = POST._replace(headers={"content-digest": other})
        refused(signed(request, Draft()), Draft().base(request))

    def test_a_digest_that_is_covered_but_not_sent(self) -> None:
        """A 6.6.2: the line is left out of the base, and nothing is taken for it."""
        message = signed(POST, Draft())
        headers = {name: value for name, value in message.headers.items() if name != "content-digest"}
        base = "\n".join(line for line in Draft().base(POST).split("\n") if not line.startswith('"content-digest"'))
        refused(message._replace(headers=headers), base)
        raw = base64.b64encode(DEVICE.sign(base)).decode()
        refused(message._replace(headers={**headers, "signature": f"phone=:{raw}:"}), base)

    @pytest.mark.parametrize(
        "path", ["/live/v1/identities/%61da", "/a b", "/a+b", "/ada\n", "/a:b", "/ä", "/a;b", "/a\x00", "", "ada", "*"]
    )
    def test_paths_that_cannot_be_signed(self, path: str) -> None:
        """Contract, signed requests: percent signs and what else a gateway might rewrite, though signed."""
        request = GET._replace(path=path)
        draft = Draft(parts=BARE)
        printable = path.isascii() and path.isprintable()
        base = draft.base(request)
        if not printable:
            base = "\n".join(line for line in base.split("\n") if line.startswith(('"@m', '"@a', '"@s')))
        refused(signed(request, draft), base)

    @pytest.mark.parametrize("query", ["", "a", "=b", "a=b&c=d", "a=b&a=c", "a=b c", "a=%20", "a=b=c", "a=ä", "?a=b"])
    def test_queries_that_cannot_be_signed(self, query: str) -> None:
        """Contract, signed requests: one parameter of unreserved symbols, or none."""
        request = GET._replace(query=query)
        draft = Draft(parts=(*BARE, "@query"))
        base = draft.base(request)
        if not query.isascii():
            base = "\n".join(line for line in base.split("\n") if not line.startswith('"@query"'))
        refused(signed(request, draft), base)

    def test_a_query_that_is_not_covered(self) -> None:
        """A 6.6.2: a query nobody signed could be anybody's."""
        request = GET._replace(query="dry_run=true")
        refused(signed(request, Draft(parts=BARE)), Draft(parts=BARE).base(request))

    @pytest.mark.parametrize("authority", ["", "id.example.com/x"])
    def test_a_server_without_a_name(self, authority: str) -> None:
        """A 16.5.3: an empty authority fails closed."""
        if authority:
            assert signatures.authority({"requestContext": {}, "multiValueHeaders": {"Host": [authority]}}, "") == ""
        request = GET._replace(authority="")
        refused(signed(request, Draft(parts=BARE)), Draft(parts=BARE).base(request))

    def test_two_device_signatures(self) -> None:
        """Contract, signed requests: exactly one with the tag; two that hold are one too many, by one key or by two."""
        for key in (DEVICE, OTHER):
            second = Draft(key=key, label="again")
            refused(signed(POST, Draft(), second), second.base(POST))

    def test_two_verified_signatures_by_one_key(self) -> None:
        """S12: old and new verification key are two keys."""
        drafts = [Draft(), *(Draft(key=VERIFIER, tag=TAG_VERIFIED, label=label) for label in ("v", "w"))]
        refused(signed(POST, *drafts), drafts[2].base(POST), verifiers=2)

    def test_the_device_key_is_no_verification_key(self) -> None:
        """S4 A 7.5.1: the device key for itself is refused; where the body names a key, it is the body's to refuse."""
        first, second = Draft(), Draft(tag=TAG_VERIFIED, label="v")
        refused(signed(POST, first, second), second.base(POST))
        found = check(signed(POST, first, second), now=NOW, brings_key=True)
        assert (found.keyid, found.verifiers) == (DEVICE.id, (DEVICE.id,))
        third = dataclasses.replace(second, label="w")
        refused(signed(POST, first, second, third), third.base(POST), verifiers=2, brings_key=True)

    def test_another_nonce(self) -> None:
        """A 6.6.2: all signatures of a request carry the same nonce, or two requests could be made into one."""
        second = Draft(key=VERIFIER, tag=TAG_VERIFIED, label="v", parameters={"nonce": f'"{NONCE[::-1]}"'})
        refused(signed(POST, Draft(), second), second.base(POST))

    def test_a_wrong_second_signature(self) -> None:
        """S4: the second signature is judged like the first, and its base is the one that is answered."""
        for broken in (
            Draft(key=OTHER, tag=TAG_VERIFIED, label="v", parameters={"keyid": f'"{VERIFIER.id}"'}),
            Draft(key=VERIFIER, tag=TAG_VERIFIED, label="v", parts=BARE),
            Draft(key=VERIFIER, tag=TAG_VERIFIED, label="v", parameters={"expires": "1"}),
        ):
            refused(signed(POST, Draft(), broken), broken.base(POST))
            refused(signed(POST, broken, Draft()), broken.base(POST))

    def test_the_device_signature_is_judged_first(self) -> None:
        """Contract, `signature_base`: of two that fail the first is the device's, whatever their order."""
        wrong = [Draft(key=OTHER, parameters={"keyid": f'"{k.id}"'}) for k in (DEVICE, VERIFIER)]
        wrong[1].tag, wrong[1].label = TAG_VERIFIED, "v"
        for drafts in (wrong, wrong[::-1]):
            refused(signed(POST, *drafts), wrong[0].base(POST))

    def test_encodings_of_the_signature(self) -> None:
        """A 11.2.3: raw r||s in canonical base64 with padding, without parameters: every other form is refused."""
        message, base = signed(POST, Draft()), Draft().base(POST)
        text = message.headers["signature"].removeprefix("phone=:").removesuffix(":")
        raw = base64.b64decode(text)
        der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        respelled = text[:-3] + symbols[symbols.index(text[-3]) + 1] + "=="  # of 64 bytes the last symbol has 2 bits
        assert base64.b64decode(respelled) == raw
        for member in (
            f":{text.rstrip('=')}:",
            f":{text[:-1]}:",
            f":{text}=:",
            f":{respelled}:",
            f":{base64.b64encode(der).decode()}:",
            f":{base64.b64encode(raw + b'x').decode()}:",
            f":{base64.b64encode(raw[:-1]).decode()}:",
            f":={text}:",
            "::",
            f":{text}:;x",
            f":{text}:;x=1",
            f'"{text}"',
            "?1",
            "1",
        ):
            refused(signed(POST, Draft(), signature=f"phone={member}"), base)
        assert check(message, now=NOW).keyid == DEVICE.id

    @pytest.mark.parametrize(
        "field",
        [
            "",
            "phone",
            "phone=",
            "phone=()",
            "phone=:AAAA",
            "phone=:AA-_:",
            "other=:AAAA:",
            "{own}, other=:AAAA:",
            "{own},",
            "{own} {own}",
            "{own}, {own}",
            ", {own}",
            "Phone=:AAAA:",
            "{own}\n",
            "{own}, ä=:AAAA:",
            "{own}; x y",
        ],
    )
    def test_signature_headers(self, field: str) -> None:
        """A 16.5.3: labels are unique and the same in both headers; whatever else is there is refused."""
        own = signed(POST, Draft()).headers["signature"]
        refused(signed(POST, Draft(), signature=field.replace("{own}", own)), Draft().base(POST))

    def test_no_signature_header(self) -> None:
        """A 16.5.3: what is announced must be there."""
        message = signed(POST, Draft())
        headers = {name: value for name, value in message.headers.items() if name != "signature"}
        refused(message._replace(headers=headers), Draft().base(POST))
        second = Draft(key=VERIFIER, tag=TAG_VERIFIED, label="v")
        both = signed(POST, Draft(), second)
        refused(signed(POST, Draft(), second, signature=message.headers["signature"]), Draft().base(POST))
        refused(signed(POST, Draft(), signature=both.headers["signature"]), Draft().base(POST))

    @pytest.mark.parametrize(
        "field",
        [
            "garbage",
            "phone",
            "phone=",
            "phone=1",
            'phone="x"',
            "phone=(",
            "phone=(;created=1",
            'phone=("@method"',
            'phone=("@method""@path")',
            "phone=(\t)",
            "{own},",
            ",{own}",
            "{own} {own}",
            "{own}, {own}",
            "{own};created=1",
            '{own};tag="id-restore"',
            "{own};",
            "{own};x=",
            "{own};X=1",
            "{own};x==1",
            "{own}x",
            "{own};x=\u0661",
            '{own};x="ä"',
            '{own};x="\\a"',
            '{own};x="',
            "{own};x=1234567890123456",
            "{own};x=1234567890123.1",
            "{own};x=1.1234",
            "{own};x=1.",
            "{own};x=-",
            "{own};x=--1",
            "{own};x=+1",
            "{own};x=?2",
            "{own};x=:A",
            '{own};x=%"%C3"',
            "Phone={bare}",
            "ph one={bare}",
            " =({bare})",
            '{own}, b=("a";x;x)',
        ],
    )
    def test_headers_that_cannot_be_parsed(self, field: str) -> None:
        """A 16.5.3: what is no dictionary of lists has no base; nothing is guessed."""
        own = signed(POST, Draft()).headers["signature-input"]
        text = field.replace("{own}", own).replace("{bare}", own.removeprefix("phone="))
        refused(signed(POST, Draft(), signature_input=text), None)

    @pytest.mark.parametrize("tag", ["id-restore", "?1", ":AAAA:", "1"])
    def test_a_tag_that_is_no_string(self, tag: str) -> None:
        """RFC 9421, 2.3: the tag is a string; another type is no other tag but a mistake."""
        draft = Draft(parameters={"tag": tag})
        refused(signed(POST, draft), draft.base(POST))

    @pytest.mark.parametrize("name", ["created", "nonce", "keyid", "tag"])
    def test_bare_parameters(self, name: str) -> None:
        """RFC 9651, 3.1.2: a name without a value is true, which is none of the profile's."""
        value = Draft().value()
        start = value.index(f";{name}=")
        end = value.find(";", start + 1) if ";" in value[start + 1 :] else len(value)
        bare = f"{value[:start]};{name}{value[end:]}"
        base = "\n".join([*Draft().base(POST).split("\n")[:-1], f'"@signature-params": {bare}'])
        refused(signed(POST, Draft(), signature_input=f"phone={bare}"), base)


class TestBounds:
    """Work is bounded before it is done."""

    def test_more_signatures_than_anybody_makes(self) -> None:
        """A 2.4.1: eight are read, of whatever tag; a ninth is refused without a base."""
        for count, holds in ((7, True), (8, False)):
            others = [Draft(tag="other", label=f"o{n}") for n in range(count)]
            message = signed(POST, Draft(), *others)
            if holds:
                assert check(message, now=NOW).keyid == DEVICE.id
            else:
                refused(message, None)

    def test_longer_headers_than_api_gateway_takes(self) -> None:
        """A 2.4.1: 10,240 symbols a header."""
        own = signed(POST, Draft())
        room = signatures.MAX_FIELD_LENGTH - len(own.headers["signature-input"]) - len(', o=();x=""')
        for more, holds in ((0, True), (1, False)):
            field = f'{own.headers["signature-input"]}, o=();x="{"a" * (room + more)}"'
            message = signed(POST, Draft(), signature_input=field, signature=own.headers["signature"] + ", o=::")
            if holds:
                assert check(message, now=NOW).keyid == DEVICE.id
            else:
                refused(message, None)
        room = signatures.MAX_FIELD_LENGTH - len(own.headers["signature"]) - len(", o=::")
        for more, holds in ((0, True), (4, False)):
            members = f"{own.headers['signature']}, o=:{'A' * (room + more)}:"
            message = signed(
                POST, Draft(), signature_input=f"{own.headers['signature-input']}, o=()", signature=members
            )
            if holds:
                assert check(message, now=NOW).keyid == DEVICE.id
            else:
                refused(message, Draft().base(POST))

    def test_an_answer_is_no_longer_than_the_request(self) -> None:
        """A 2.4.1: a header that is covered a thousand times stands in the base once."""
        covered = " ".join(['"user-agent"'] * 500)
        request = POST._replace(headers={**POST.headers, "user-agent": "x" * 3000})
        found = problem(signed(request, Draft(), signature_input=f'a=({covered});tag="id-restore"'))
        assert found.code == "signature_invalid"
        assert len(found.members["signature_base"]) < 10_240

    @pytest.mark.parametrize("text", ["(" * 10_000, "a=" + "(" * 10_000, 'a=("' + "\\" * 9_999, "a=(" + " " * 10_000])
    def test_nothing_is_slower_than_its_length(self, text: str) -> None:
        """A 2.4.1: no text makes the parser go back and forth; a generous second for what takes a millisecond."""
        before = time.process_time()
        refused(POST._replace(headers={"signature-input": text}), None)
        assert time.process_time() - before < 1


class TestBase:
    """The base of one member, for vectors and documents."""

    def test_the_base_of_a_member(self) -> None:
        """Contract, worked example: what a client's developer compares with."""
        draft = Draft()
        assert signatures.signature_base(POST, f"phone={draft.value()}") == draft.base(POST)

    @pytest.mark.parametrize("member", ["", "phone", "a=(), b=()", "()"])
    def test_just_one_member(self, member: str) -> None:
        """A 16.5.3: anything but one member is an error."""
        with pytest.raises(ValueError, match=r"\S"):
            signatures.signature_base(POST, member)

    def test_what_is_no_plain_text_is_not_written_back(self) -> None:
        """A 16.5.1: a header with line ends or foreign symbols forges no line of the base."""
        headers = {"x": 'a\n"@path": /other', "y": "ä", "z": "plain"}
        found = signatures.signature_base(POST._replace(headers=headers), 'a=("x" "y" "z" *z*)')
        assert found == '"z": plain\n"@signature-params": ("x" "y" "z" *z*)'
