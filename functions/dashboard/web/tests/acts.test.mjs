import { answering, asked } from "./browser.mjs";
import { signedIn } from "./pool.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../src/texts/en.ts";
import { actsOn, cancelling, unpairing } from "../src/views/user/acts.ts";

const device = { id: "phone", name: "Phone", platform: "ios", paired_at: null, held_until: null };
const restoration = { id: "number", device: { ...device, id: "other" }, created_at: "2026-01-01T00:00:00Z" };
const user = {
  identity: "ada",
  email_hint: "a***@example.com",
  second_email_hint: null,
  email_confirmed: true,
  restore: { status: "enabled", code_kept: true },
  devices: [device],
  restorations: [restoration],
};
const barred = { ...user, restore: { status: "disabled_by_admin", code_kept: true } };
const all = [...actsOn(user), ...actsOn(barred), unpairing(user, device), cancelling(user, restoration)];

/** By what stands on the button: what is asked for, who is offered it, and whether an approval goes with it. */
const expected = {
  "Send the code": ["restore-code/send", "helpdesk", "again"],
  "Reveal the code": ["restore-code/reveal", "admin", "again"],
  "Issue the code": ["restore-code/issue", "admin", "again"],
  "Bar restore": ["restore/barring", "helpdesk"],
  "Allow restore": ["restore/unbarring", "helpdesk", "again"],
  "Unpair the device": ["devices/phone/unpairing", "helpdesk", "again"],
  "Cancel the restoration": ["restorations/number/cancellation", "helpdesk"],
};

test("each act asks for what stands on its button, with the reason and the hours that were typed", async () => {
  await signedIn();
  answering("", () => new Response(null, { status: 204 }));
  const sent = {};
  for (const act of all) {
    asked.length = 0;
    await act.send({ reason: "lost", hours: 7, approval: "again" });
    const [{ method, url, headers, body }, ...more] = asked;
    assert.equal(more.length, 0);
    assert.equal(method, "POST");
    assert.deepEqual(JSON.parse(body), { reason: "lost", ...(act.hours && { hours: 7 }) });
    const where = url.href.replace("https://server.example/live/v1/admin/identities/ada/", "");
    sent[act.texts(en).confirm] = [where, act.role, ...(headers.Approval ? [headers.Approval] : [])];
  }
  assert.deepEqual(sent, expected);
  assert.deepEqual(all.filter(({ hours }) => hours).map(({ key }) => key), ["issue"]);
  assert.deepEqual(all.filter(({ shows }) => shows).map(({ key }) => key), ["reveal", "issue"]);
});

test("another one-time code says which it ends, and after a lost answer what repeating does", () => {
  const issuing = (one) => actsOn(one).find(({ key }) => key === "issue").texts(en);
  assert.ok(issuing(user).says.every(({ warns }) => !warns));
  const issued_code = { code_label: "K7QD", issued_at: "2026-01-01T00:00:00Z", expires_at: "2026-01-02T00:00:00Z" };
  const [first] = issuing({ ...user, issued_code }).says;
  assert.match(first.text, /^The one-time code K7QD, valid until .*, ends with this one\. A restoration begun with it/);
  assert.ok(first.warns);
  const lost = all.filter((act) => act.texts(en).again).map(({ key }) => key);
  assert.deepEqual(lost, ["issue"]);
});
