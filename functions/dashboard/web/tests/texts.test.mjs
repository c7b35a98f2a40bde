import "./browser.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, distance } from "../src/texts/index.ts";

test("what is over is ago, what comes is ahead, in both languages", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  const said = (at) => distance(at, now);
  assert.equal(said("2026-03-01T09:00:00Z"), "3 hours ago");
  assert.equal(said("2026-03-01T12:05:00Z"), "in 5 minutes");
  assert.equal(said("2026-02-28T12:00:00Z"), "yesterday");
  choose("de");
  assert.equal(said("2026-02-26T12:00:00Z"), "vor 3 Tagen");
  assert.equal(said("2026-03-01T14:00:00Z"), "in 2 Stunden");
});
