// What waits for a second person, as it was read last: for its view, and for the count beside its name. The server lists what
// is open and nothing else, so what was listed a moment ago and is not any more is remembered here until the view is left.
import { ask } from "../../api/client";
import type { Approval } from "../../api/types";
import { Cell } from "../../cell";
import { session } from "../../session/session";

/** How it ended, as far as it is known here: `gone` is all that a list without it says. */
export type End = "denied" | "done" | "decided" | "used" | "lost" | "gone";

export interface Ended {
  approval: Approval;
  how: End;
}

export const waiting = new Cell<Approval[]>([]);
/** So many more wait and were not listed: who asks often takes no place from others. */
export const unlisted = new Cell(0);
export const ended = new Cell<ReadonlyMap<string, Ended>>(new Map());

/** Readings are numbered: an answer that comes after that of a later one, or after what it does not know of, is old. */
let count = 0;
let old = 0;

export async function readApprovals(): Promise<Approval[]> {
  const number = ++count;
  const { approvals, unlisted: more } = (await ask("GET /approvals")).data;
  if (number <= old) return waiting.value;
  old = number;
  const further = more ?? 0;
  const listed = new Set(approvals.map(({ id }) => id));
  const over = new Map(ended.value);
  const missing = waiting.value.filter(({ id }) => !listed.has(id) && !over.has(id));
  const stays = missing.filter((one) => further > 0 && mayHaveMadeRoom(one, approvals));
  for (const one of missing) if (!stays.includes(one)) over.set(one.id, { approval: one, how: "gone" });
  // it can come back: what was approved and could not be finished is given back
  for (const [id, { how }] of over) if (how === "gone" && listed.has(id)) over.delete(id);
  const all = [...approvals, ...stays];
  ended.set(over);
  waiting.set(all);
  unlisted.set(further);
  return all;
}

/** Where not all are listed: whether one that is missing may still wait, and has only given its place to a newer one of the same
 * person. Places are given in turn, so nobody whose are not all listed has two fewer than another. */
function mayHaveMadeRoom({ id, asked_by: by, expires_at: until }: Approval, listed: Approval[]): boolean {
  const places = new Map<string, number>();
  for (const one of listed) places.set(one.asked_by, (places.get(one.asked_by) ?? 0) + 1);
  const theirs = listed.filter((one) => one.asked_by === by);
  const isOlder = theirs.length > 0 && theirs.every((one) => one.id > id);
  return isOlder && theirs.length >= Math.max(...places.values()) - 1 && Date.parse(until) > Date.now();
}

export function end(approval: Approval, how: End): void {
  old = count;
  waiting.set(waiting.value.filter(({ id }) => id !== approval.id));
  ended.set(new Map(ended.value).set(approval.id, { approval, how }));
}

export function forgetEnded(): void {
  ended.set(new Map());
}

/** How many of them wait for this person: to be decided, or to be carried out. */
export function waitingFor(sub: string, approvals: Approval[]): number {
  return approvals.filter((one) => (one.asked_by === sub) === (one.approved_by !== null)).length;
}

session.watch(({ state }) => {
  if (state !== "out") return;
  old = count;
  waiting.set([]);
  unlisted.set(0);
  forgetEnded();
});
