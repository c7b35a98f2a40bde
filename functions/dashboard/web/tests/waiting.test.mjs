import { answering } from "./browser.mjs";
import { signedIn } from "./pool.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ended, forgetEnded, readApprovals, unlisted, waiting } from "../src/views/approvals/waiting.ts";

const asked = (id, by, expires_at = "2999-01-01T00:00:00Z") => ({ id, asked_by: by, expires_at });
const answer = (approvals, further) =>
  answering("/v1/admin/approvals", () => Response.json({ approvals, ...(further > 0 && { unlisted: further }) }));
const over = () => [...ended.value.keys()].sort();

test("what is not listed any more is over, but where it has made room for a newer one of the same person", async () => {
  await signedIn();
  const [often1, often2, often3] = ["101", "102", "103"].map((id) => asked(id, "often"));
  const [old1, old2] = ["098", "099"].map((id) => asked(id, "seldom"));
  const late = asked("100", "often", "2001-01-01T00:00:00Z");
  answer([often3, often2, often1, late, old2, old1], 0);
  await readApprovals();
  assert.deepEqual([over(), unlisted.value], [[], 0]);

  const newer = ["104", "105", "106"].map((id) => asked(id, "often"));
  answer([...newer.toReversed(), often3, old2], 3); // one of the seldom, one that is between those listed, one too late
  await readApprovals();
  assert.deepEqual(over(), ["098", "100"]);
  assert.deepEqual(waiting.value.map(({ id }) => id).sort(), ["099", "101", "102", "103", "104", "105", "106"]);
  assert.equal(unlisted.value, 3);

  answer([newer[2], newer[0], old2], 3);
  await readApprovals();
  assert.deepEqual(over(), ["098", "100", "105"]);

  answer([newer[2], newer[0], old2], 0);
  await readApprovals();
  assert.deepEqual(over(), ["098", "100", "101", "102", "103", "105"]);
  assert.deepEqual(waiting.value.map(({ id }) => id), ["106", "104", "099"]);
  forgetEnded();
});
