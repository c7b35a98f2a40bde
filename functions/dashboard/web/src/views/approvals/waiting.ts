// What waits for a second person, as it was read last: for its view, and for the count beside its name. The server lists what
// is open and nothing else, so what was listed a moment ago and is not any more is remembered here until the view is left.
import { ask } from "../../api/client";
import type { Approval } from "../../api/types";
import { Cell } from "../../cell";

/** How it ended, as far as it is known here: `gone` is all that a list without it says. */
export type End = "denied" | "done" | "decided" | "used" | "lost" | "gone";

export interface Ended {
  approval: Approval;
  how: End;
}

export const waiting = new Cell<Approval[]>([]);
export const ended = new Cell<ReadonlyMap<string, Ended>>(new Map());

export async function readApprovals(): Promise<Approval[]> {
  const { approvals } = (await ask("GET /approvals")).data;
  const listed = new Set(approvals.map(({ id }) => id));
  const over = new Map(ended.value);
  for (const one of waiting.value) if (!listed.has(one.id) && !over.has(one.id)) over.set(one.id, { approval: one, how: "gone" });
  // it can come back: what was approved and could not be finished is given back
  for (const [id, { how }] of over) if (how === "gone" && listed.has(id)) over.delete(id);
  ended.set(over);
  waiting.set(approvals);
  return approvals;
}

export function end(approval: Approval, how: End): void {
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
