import "./browser.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { choose } from "../src/texts/index.ts";
import { whyRefused } from "../src/texts/problems.ts";

test("a code has a sentence in each language, and what is no code of this release has none", () => {
  assert.equal(whyRefused("last_device"), "It was the last device, and restore was not enabled.");
  choose("de");
  assert.equal(whyRefused("last_device"), "Es war das letzte Gerät, und die Wiederherstellung war nicht eingeschaltet.");
  for (const code of ["of_a_later_release", "constructor", ""]) assert.equal(whyRefused(code), undefined);
});
