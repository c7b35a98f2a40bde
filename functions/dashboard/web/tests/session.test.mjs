import { asked, answering, visited } from "./browser.mjs";
import { gives, good, signedIn, soon } from "./pool.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { roleOf } from "../src/session/roles.ts";
import { PoolUnreachable, SessionOver, session, signInAgain, signOut, token } from "../src/session/session.ts";

const REFUSED = { state: "failed", why: "answer" };

test("a sign-in that was begun here signs in, with the verifier of its challenge", async () => {
  assert.deepEqual(await signedIn(), { state: "in", person: { sub: "olga", name: "olga@example.com", role: "admin" } });
  const [, { body }] = asked;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body.get("code_verifier")));
  assert.equal(Buffer.from(hash).toString("base64url"), visited.at(-1).searchParams.get("code_challenge"));
  assert.equal(visited.at(-1).searchParams.get("code_challenge_method"), "S256");
});

test("an answer to another question signs nobody in, and its code is not even asked about", async () => {
  assert.deepEqual(await signedIn({}, "another"), REFUSED);
  assert.equal(asked.filter(({ method }) => method === "POST").length, 0);
});

const others = {
  "of another sign-in": { nonce: "another" },
  "without a nonce": { nonce: undefined },
  "of another client": { aud: "another" },
  "of another use": { token_use: "access" },
  "of last year": { exp: soon() - 366 * 86_400 },
};
for (const [whose, claims] of Object.entries(others)) {
  test(`a token ${whose} signs nobody in`, async () => assert.deepEqual(await signedIn(claims), REFUSED));
}

test("a token that ends soon is changed for another one, of which the role is taken", async () => {
  await signedIn({ exp: Math.floor(Date.now() / 1000) + 30 });
  gives({ ...good(), "cognito:groups": ["auditor"] }, null);
  const fresh = await token();
  assert.equal(asked.at(-1).body.get("grant_type"), "refresh_token");
  assert.equal(asked.at(-1).body.get("refresh_token"), "refresh");
  assert.equal(session.value.person.role, "auditor");
  const before = asked.length;
  assert.equal(await token(), fresh);
  assert.equal(asked.length, before, "one that is good is not changed");
});

test("another person's token, or none, ends the session; a pool that cannot be reached does not", async () => {
  for (const claims of [{ sub: "otto" }, { aud: "another" }]) {
    await signedIn({ exp: Math.floor(Date.now() / 1000) + 30 });
    gives({ ...good(), ...claims }, null);
    await assert.rejects(token(), SessionOver);
  }
  await signedIn({ exp: Math.floor(Date.now() / 1000) + 30 });
  answering("/oauth2/token", () => new Response("", { status: 503 }));
  await assert.rejects(token(), PoolUnreachable);
  gives(good(), null);
  assert.ok(await token());
});

for (const [how, leaves] of Object.entries({ "signing out": signOut, "signing in again": signInAgain })) {
  test(`${how} makes the refresh token worthless and ends the pool's session`, async () => {
    answering("/oauth2/revoke", () => new Response());
    await signedIn();
    await leaves();
    assert.equal(asked.at(-1).url.href, "https://pool.example/oauth2/revoke");
    assert.equal(asked.at(-1).body.get("token"), "refresh");
    assert.equal(visited.at(-1).pathname, "/logout");
    assert.equal(visited.at(-1).searchParams.get("logout_uri"), "https://server.example/live/dashboard/");
  });
}

test("of several roles the most powerful counts, in whatever order; what is no list gives none", () => {
  assert.equal(roleOf(["admin", "auditor", "helpdesk"]), "admin");
  assert.equal(roleOf(["auditor", "other", "helpdesk"]), "helpdesk");
  assert.equal(roleOf(["other"]), null);
  assert.equal(roleOf(undefined), null);
});
