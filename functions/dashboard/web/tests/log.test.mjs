import { answering, asked } from "./browser.mjs";
import { signedIn } from "./pool.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyRow } from "../src/views/log/file.ts";
import { NO_FILTERS, askedBy } from "../src/views/log/filters.tsx";

test("the file has every page, and one heading", async () => {
  await signedIn();
  asked.length = 0;
  const pages = { "": "at,type\r\n3,c\r\n2,b\r\n", second: "at,type\r\n1,a\r\n", third: "at,type\r\n0,z\r\n" };
  const next = { "": "second", second: "third" };
  answering("/v1/admin/events", ({ url }) => {
    const cursor = url.searchParams.get("cursor") ?? "";
    const link = next[cursor] && `<https://server.example/live/v1/admin/events?type=t&cursor=${next[cursor]}>; rel="next"`;
    return new Response(pages[cursor], { headers: { "Content-Type": "text/csv", ...(link && { Link: link }) } });
  });
  const told = [];
  const whole = await everyRow({ type: "t" }, (rows) => told.push(rows));
  assert.deepEqual(whole, { text: "at,type\r\n3,c\r\n2,b\r\n1,a\r\n0,z\r\n", rows: 4 });
  assert.deepEqual(told, [0, 2, 3]);
  assert.deepEqual(asked.map(({ url }) => url.search), ["?type=t", "?type=t&cursor=second", "?type=t&cursor=third"]);
  assert.ok(asked.every(({ headers }) => headers.Accept === "text/csv"));
});

test("times are asked for in UTC, the last minute to its end", () => {
  const { from, to } = askedBy({ ...NO_FILTERS, from: "2026-01-05T23:00", to: "2026-07-05T23:00" });
  assert.deepEqual([from, to], ["2026-01-06T02:30:00Z", "2026-07-06T01:30:59Z"]);
});
