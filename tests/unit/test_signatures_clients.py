"""Others than ourselves: the contract's worked example, RFC 9421's vectors, an independent client at each address."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from restore import publickeys, signatures
from restore.errors import Problem
from restore.signatures import Request, check
from tests.unit.events import (
    ADDRESSES,
    NONCE,
    NOW,
    TAG_VERIFIED,
    Address,
    Key,
    Message,
    event,
    lines,
    sign,
    split_members,
)

IDENTITY = "/v1/identities/{identity}"
PROMPT = IDENTITY + "/back-up-prompt"
BODY = '{"answer":"not_now"}'
KINDS = ["p256", "ed25519"]


def read(received: dict[str, Any]) -> Request:
    """The request of an event, with the stage variable as a function has it."""
    return Request.from_event(received, (received["stageVariables"] or {}).get("server", ""))


class TestWorkedExample:
    """The contract's own request, byte for byte."""

    announced = (
        'phone=("@method" "@authority" "@path" "content-digest");created=1795000000;nonce="eDd7UldXtJRCf4kBT5fXmSjz"'
        ';keyid="As74PGO3IR1NRnzSb4BqYChxBJPO_UUGKj1Xm4NjP-Oa";tag="id-restore"'
    )
    headers = (
        ("Content-Type", "application/json"),
        ("Content-Digest", "sha-256=:4Ec0NH8BCWLM0VrOTBZSpuQ+IwH5yeo2FCxfUrCuxgI=:"),
        ("Signature-Input", announced),
        (
            "Signature",
            "phone=:mTrfDXtor4Ajumc+zu/loaIYc0/9C2Lxyz8w4x+TzPh1D/s1KoBp8vHc40aWAh+7vkiNmvtcK/MJaiyAjdQyDA==:",
        ),
    )
    base = (
        '"@method": POST\n'
        '"@authority": id.example.com\n'
        '"@path": /live/v1/identities/ada/back-up-prompt\n'
        '"content-digest": sha-256=:4Ec0NH8BCWLM0VrOTBZSpuQ+IwH5yeo2FCxfUrCuxgI=:\n'
        f'"@signature-params": {announced.removeprefix("phone=")}'
    )
    address = Address("example", "https://id.example.com/live", "/live", "/live", "id.example.com")

    def test_it_holds(self) -> None:
        """Contract, worked example: the request is the device's, and its base the one that is printed there."""
        received = event(self.address, "POST", PROMPT, {"identity": "ada"}, headers=self.headers, body=BODY)
        found = check(read(received), now=1_795_000_000)
        assert found.keyid == "As74PGO3IR1NRnzSb4BqYChxBJPO_UUGKj1Xm4NjP-Oa"
        assert (found.nonce, found.bases) == ("eDd7UldXtJRCf4kBT5fXmSjz", (self.base,))
        assert signatures.server_address(received) == "https://id.example.com/live"

    def test_its_key_is_that_of_its_scalar(self) -> None:
        """Contract, worked example: the printed private scalar makes the printed keyid."""
        key = Key("p256", 0x60981D80F6C14BCA7CBA5B963891842123DAFD80778E61A0CBC4CBDA7A04C66C)
        assert f'keyid="{key.id}"' in self.announced
        assert publickeys.parse(key.id).verify(key.sign(self.base), self.base.encode())

    @pytest.mark.parametrize("change", [(":mTr", ":mTs"), ("not_now", "not_noW"), ("POST", "PUT"), ("ada", "eve")])
    def test_a_changed_one_does_not(self, change: tuple[str, str]) -> None:
        """A 8.2.1: the same with one thing changed."""
        received = event(self.address, "POST", PROMPT, {"identity": "ada"}, headers=self.headers, body=BODY)
        changed = json.loads(json.dumps(received).replace(*change))
        assert changed != received
        with pytest.raises(Problem) as caught:
            check(read(changed), now=1_795_000_000)
        assert caught.value.code == "signature_invalid"


class TestVectorsOfTheRfc:
    """RFC 9421, appendix B: its keys B.1.3 and B.1.4 in the contract's spelling, its bases and signatures."""

    ed25519 = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"
    ed25519_signature = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    ed25519_base = (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n'
        '"content-type": application/json\n"content-length": 18\n"@signature-params": ("date" "@method" "@path"'
        ' "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
    )
    p256_x = "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA"
    p256_y = "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0"
    p256_signature = "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw=="
    p256_base = (
        '"@status": 200\n"content-type": application/json\n"content-digest": sha-512=:'
        "mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ=="
        ':\n"content-length": 23\n"@signature-params": ("@status" "content-type" "content-digest" "content-length")'
        ';created=1618884473;keyid="test-key-ecc-p256"'
    )

    def test_ed25519(self) -> None:
        """RFC 9421, B.2.6: the signature holds under the key, over the base that this code builds of the request."""
        request = Request(
            "POST",
            "example.com",
            "/foo",
            "param=Value&Pet=dog",
            {"date": "Tue, 20 Apr 2021 02:07:55 GMT", "content-type": "application/json", "content-length": "18"},
            b'{"hello": "world"}',
        )
        member = (
            'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
            ';created=1618884473;keyid="test-key-ed25519"'
        )
        assert signatures.signature_base(request, member) == self.ed25519_base
        key = publickeys.parse(self.ed25519)
        assert key.verify(base64.b64decode(self.ed25519_signature), self.ed25519_base.encode())
        assert not key.verify(base64.b64decode(self.ed25519_signature), self.ed25519_base.encode() + b"\n")

    def test_p256(self) -> None:
        """RFC 9421, B.2.4 (of a response, so its base is taken as printed): raw r||s holds under the compressed key."""
        raw = (b"\x03" if base64.urlsafe_b64decode(self.p256_y + "=")[-1] & 1 else b"\x02") + base64.urlsafe_b64decode(
            self.p256_x + "="
        )
        key = publickeys.parse(base64.urlsafe_b64encode(raw).decode())
        assert key.verify(base64.b64decode(self.p256_signature), self.p256_base.encode())
        assert not key.verify(base64.b64decode(self.p256_signature), self.p256_base.encode() + b"\n")

    @pytest.mark.parametrize(
        "parts",
        [
            ("date", "@method", "@path", "@query", "@authority", "content-type", "content-digest", "content-length"),
            (),
            ("date", "@authority", "content-type"),
        ],
        ids=["B.2.3", "B.2.1", "B.2.5"],
    )
    def test_bases(self, parts: tuple[str, ...]) -> None:
        """RFC 9421, B.2.1, B.2.3 and B.2.5: their bases, though their algorithms are not the profile's."""
        printed = {
            "date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "@method": "POST",
            "@path": "/foo",
            "@query": "?param=Value&Pet=dog",
            "@authority": "example.com",
            "content-type": "application/json",
            "content-digest": (
                "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
            ),
            "content-length": "18",
        }
        headers = {name: value for name, value in printed.items() if not name.startswith("@")}
        request = Request("POST", "example.com", "/foo", "param=Value&Pet=dog", headers, b'{"hello": "world"}')
        covered = " ".join(f'"{part}"' for part in parts)
        value = f'({covered});created=1618884473;keyid="test-key";nonce="b3k2pp5k7z-50gnwp.yemd"'
        expected = [*(f'"{part}": {printed[part]}' for part in parts), f'"@signature-params": {value}']
        assert signatures.signature_base(request, f"sig={value}") == "\n".join(expected)


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
class TestAddresses:
    """An independent client's requests as each kind of address hands them to a function."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_body_and_both_signatures(self, address: Address, kind: str) -> None:
        """S10 S4: both tags, both kinds of key, at every address; the base is the client's own."""
        device, verifier = Key(kind, 21), Key(KINDS[kind == "p256"], 22)
        message = Message("POST", address.url.rstrip("/") + "/v1/identities/ada/back-up-prompt")
        message.headers["Content-Type"] = "application/json"
        bases = (
            sign(message, device, body=BODY.encode()),
            sign(message, verifier, body=BODY.encode(), tag=TAG_VERIFIED, label="verified", include_alg=True),
        )
        received = event(address, "POST", PROMPT, {"identity": "ada"}, headers=lines(message), body=BODY)
        found = check(read(received), now=NOW)
        assert (found.keyid, found.nonce, found.verifiers) == (device.id, NONCE, (verifier.id,))
        assert found.bases == bases

    @pytest.mark.parametrize("kind", KINDS)
    def test_no_body(self, address: Address, kind: str) -> None:
        """S10: a request without body, and one with a covered empty one."""
        for body in (None, b""):
            device = Key(kind, 23)
            message = Message("GET", address.url.rstrip("/") + "/v1/identities/ada")
            sign(message, device, body=body)
            received = event(address, "GET", IDENTITY, {"identity": "ada"}, headers=lines(message))
            assert check(read(received), now=NOW).keyid == device.id

    def test_a_query(self, address: Address) -> None:
        """S10: a signed query has one parameter, which the gateway hands out decoded."""
        device = Key("p256", 24)
        message = Message("GET", address.url.rstrip("/") + "/v1/identities/ada/events?cursor=a-b_c.d~9")
        sign(message, device)
        resource, query = IDENTITY + "/events", {"cursor": ["a-b_c.d~9"]}
        received = event(address, "GET", resource, {"identity": "ada"}, headers=lines(message), query=query)
        assert check(read(received), now=NOW).keyid == device.id

    def test_signature_headers_on_two_lines(self, address: Address) -> None:
        """RFC 9110, 5.3: lines of one name are one list, whatever the case of each."""
        device, verifier = Key("p256", 25), Key("ed25519", 26)
        message = Message("DELETE", address.url.rstrip("/") + "/v1/identities/ada/restore")
        sign(message, device)
        sign(message, verifier, tag=TAG_VERIFIED, label="verified")
        whole = dict(lines(message))
        split: list[tuple[str, str]] = []
        for name in ("Signature-Input", "Signature"):
            first, second = split_members(whole[name])
            split += [(name.upper(), f" {first}\t"), (name.lower(), second)]
        assert len(split) == 4
        received = event(address, "DELETE", IDENTITY + "/restore", {"identity": "ada"}, headers=split)
        assert check(read(received), now=NOW).verifiers == (verifier.id,)

    def test_the_same_for_another_server(self, address: Address) -> None:
        """S10 A 8.2.1: what was signed for one server is worth nothing at another, nor below another path."""
        device = Key("p256", 27)
        for url in ("https://id.example.net/live", address.url.rstrip("/") + "/other", "https://id.example.com:8443"):
            message = Message("GET", url + "/v1/identities/ada")
            sign(message, device)
            received = event(address, "GET", IDENTITY, {"identity": "ada"}, headers=lines(message))
            with pytest.raises(Problem) as caught:
                check(read(received), now=NOW)
            assert caught.value.code == "signature_invalid"
            assert '"@method": GET' in caught.value.members["signature_base"]

    @pytest.mark.parametrize(
        ("resource", "parameters"),
        [
            ("/v1/identities", {}),
            (IDENTITY, {"identity": "v1"}),
            (IDENTITY, {"identity": "identities"}),
            (IDENTITY + "/restorations/{restoration}/completion", {"identity": "live", "restoration": "v1"}),
            ("/problems/{code}", {"code": "signature_invalid"}),
            ("/.well-known/id-restore", {}),
        ],
    )
    def test_the_servers_address(self, address: Address, resource: str, parameters: dict[str, str]) -> None:
        """Contract, transport: the address that everything is relative to, found from whatever was asked for."""
        received = event(address, "GET", resource, parameters)
        server = (received["stageVariables"] or {}).get("server", "")
        expected = server.rstrip("/") or address.url.replace(":80/", "/")
        assert signatures.server_address(received) == expected
        assert signatures.base_path(received, server) == re.sub("^https?://[^/]+", "", address.url)
        assert read(received).authority == re.sub("^https?://", "", address.url).partition("/")[0]

    def test_a_trailing_slash_is_the_clients_own(self, address: Address) -> None:
        """Contract, signed requests: the path is signed as it was sent, one slash more included."""
        device = Key("p256", 28)
        message = Message("GET", address.url.rstrip("/") + "/v1/identities/ada/")
        sign(message, device)
        received = event(address, "GET", IDENTITY, {"identity": "ada"}, headers=lines(message))
        received["path"] += "/"
        received["requestContext"]["path"] += "/"
        assert check(read(received), now=NOW).keyid == device.id
        assert signatures.base_path(received, address.server) == re.sub("^https?://[^/]+", "", address.url)


class TestEvents:
    """What of an event is read, and how."""

    address = ADDRESSES[1]

    def test_percent_signs_are_never_decoded(self) -> None:
        """A 8.2.1: an encoded path is refused though it was signed, so that nobody reads two identities in it."""
        device = Key("p256", 31)
        for name in ("%61da", "ada%2Frestore", "ada%00"):
            message = Message("GET", f"https://id.example.com/v1/identities/{name}")
            sign(message, device)
            received = event(self.address, "GET", IDENTITY, {"identity": name}, headers=lines(message))
            assert read(received).path == f"/v1/identities/{name}"
            with pytest.raises(Problem) as caught:
                check(read(received), now=NOW)
            assert caught.value.code == "signature_invalid"

    def test_a_gateway_that_decodes(self) -> None:
        """A 8.2.1: a path that arrives decoded is not what was signed; one decoded into a slash neither."""
        local, device = ADDRESSES[7], Key("p256", 32)
        for sent, arrives in (("%61da", "ada"), ("a%2Fb", "a/b"), ("a%20b", "a b"), ("%C3%A4da", "äda")):
            message = Message("GET", f"{local.url}/v1/identities/{sent}")
            sign(message, device)
            received = event(local, "GET", IDENTITY, {"identity": arrives}, headers=lines(message))
            with pytest.raises(Problem) as caught:
                check(read(received), now=NOW)
            assert caught.value.code == "signature_invalid"

    @pytest.mark.parametrize(
        ("sent", "decoded"),
        [
            ("a=b&c=d", {"a": ["b"], "c": ["d"]}),
            ("a=b&a=c", {"a": ["b", "c"]}),
            ("a=%62", {"a": ["b"]}),
            ("%61=b", {"a": ["b"]}),
            ("a=b+c", {"a": ["b c"]}),
            ("a=%25", {"a": ["%"]}),
            ("a=b%26c%3Dd", {"a": ["b&c=d"]}),
            ("a", {"a": [""]}),
        ],
    )
    def test_queries_other_than_the_profiles(self, sent: str, decoded: dict[str, list[str]]) -> None:
        """A 8.2.1: what the gateway decodes cannot be told from what it was, so it is refused."""
        device = Key("p256", 33)
        message = Message("GET", f"https://id.example.com/v1/identities/ada?{sent}")
        sign(message, device)
        received = event(self.address, "GET", IDENTITY, {"identity": "ada"}, headers=lines(message), query=decoded)
        with pytest.raises(Problem) as caught:
            check(read(received), now=NOW)
        assert caught.value.code == "signature_invalid"

    def test_a_query_that_was_added_on_the_way(self) -> None:
        """A 8.2.1: a query that nobody signed is refused."""
        message = Message("GET", "https://id.example.com/v1/identities/ada")
        sign(message, Key("p256", 34))
        received = event(self.address, "GET", IDENTITY, {"identity": "ada"}, headers=lines(message), query={"a": ["b"]})
        with pytest.raises(Problem) as caught:
            check(read(received), now=NOW)
        assert caught.value.code == "signature_invalid"

    @pytest.mark.parametrize("values", [["b", "c"], ["c", "b"], ["c", "c"]])
    def test_a_value_that_was_added_on_the_way(self, values: list[str]) -> None:
        """A 8.2.1: a parameter sent twice is refused, though one of its values was signed."""
        message = Message("GET", "https://id.example.com/v1/identities/ada?a=c")
        sign(message, Key("p256", 39))
        received = event(
            self.address, "GET", IDENTITY, {"identity": "ada"}, headers=lines(message), query={"a": values}
        )
        assert read(received).query == f"a={values[0]}&a={values[1]}"
        with pytest.raises(Problem) as caught:
            check(read(received), now=NOW)
        assert caught.value.code == "signature_invalid"

    @pytest.mark.parametrize("symbol", [0xFFFD, 0xD800])
    def test_invalid_utf8_does_not_have_its_digest(self, symbol: int) -> None:
        """Contract, 400: bytes that are no text arrive as something else, and the digest cannot hold."""
        arrives = f'{{"answer":"{chr(symbol)}"}}'
        message = Message("POST", "https://id.example.com/v1/identities/ada/back-up-prompt")
        sign(message, Key("p256", 35), body=b'{"answer":"\xed\xa0\x80"}')
        received = event(self.address, "POST", PROMPT, {"identity": "ada"}, headers=lines(message), body=arrives)
        with pytest.raises(Problem) as caught:
            check(read(received), now=NOW)
        assert caught.value.reason == "the digest differs"

    def test_bodies_as_the_gateway_hands_them_out(self) -> None:
        """Contract, transport: the digest is that of the bytes that were sent, base64 on the way or not."""
        device = Key("ed25519", 36)
        text = '{"name":"Adas Gerät 📱"}'
        message = Message("POST", "https://id.example.com/v1/identities/ada/back-up-prompt")
        sign(message, device, body=text.encode())
        received = event(self.address, "POST", PROMPT, {"identity": "ada"}, headers=lines(message), body=text)
        assert check(read(received), now=NOW).keyid == device.id
        coded = {**received, "body": base64.b64encode(text.encode()).decode(), "isBase64Encoded": True}
        assert check(read(coded), now=NOW).keyid == device.id
        assert read(coded).body == text.encode()

    def test_headers_that_came_once(self) -> None:
        """Contract, transport: an event without `multiValueHeaders` has the others."""
        device = Key("p256", 37)
        message = Message("GET", "https://id.example.com/v1/identities/ada")
        sign(message, device)
        received = event(self.address, "GET", IDENTITY, {"identity": "ada"}, headers=lines(message))
        received["multiValueHeaders"] = None
        assert check(read(received), now=NOW).keyid == device.id
        assert read({**received, "headers": None}).headers == {}

    @pytest.mark.parametrize("name", ["content-digest", "Content-Digest"])
    def test_a_line_overlooked_would_be_missed(self, name: str) -> None:
        """A 6.6.2: a second digest on a line of its own is seen, though `headers` shows one of the two."""
        body = BODY.encode()
        message = Message("POST", "https://id.example.com/v1/identities/ada/back-up-prompt")
        sign(message, Key("p256", 38), body=body)
        right = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        more = [*lines(message), (name, right)]
        received = event(self.address, "POST", PROMPT, {"identity": "ada"}, headers=more, body=BODY)
        assert read(received).headers["content-digest"] == f"{right}, {right}"
        with pytest.raises(Problem) as caught:
            check(read(received), now=NOW)
        assert caught.value.code == "signature_invalid"

    @pytest.mark.parametrize("host", ["", "a b", "evil.example/path", "a@b", "[::1", "a:b", "a,b", "a:123456"])
    def test_a_host_that_is_no_name(self, host: str) -> None:
        """A 16.5.3: where only the Host header tells the server's name, an odd one is no name, and nothing holds."""
        local = Address("local", f"http://{host}/live", sent="/live", host=host)
        received = event(local, "GET", IDENTITY, {"identity": "ada"})
        received["multiValueHeaders"]["Host"] = [host]
        assert read(received).authority == ""

    def test_a_host_in_capitals(self) -> None:
        """RFC 9421, 2.2.3: the authority is signed in lower case."""
        received = event(
            Address("local", "http://LocalHost:4566/live", sent="/live"), "GET", IDENTITY, {"identity": "a"}
        )
        assert read(received).authority == "localhost:4566"

    def test_a_route_that_the_path_does_not_fit(self) -> None:
        """Contract, transport: without a template that fits, the mapped path tells where the base ends."""
        address = ADDRESSES[0]
        received = event(address, "GET", IDENTITY, {"identity": "ada"})
        for resource in (None, "/{proxy+}", "/something/else"):
            received["resource"] = resource
            assert signatures.base_path(received, "") == "/live"
        received["path"] = "/unrelated"
        assert signatures.base_path(received, "") == ""
