// The one code that is being shown: in memory only, from its answer until the view is left. Never in an address or storage.
// It goes by itself after a while, and with the session: a screen may stay open when nobody sits before it any more.
import type { Code } from "../../api/types";
import { Cell } from "../../cell";
import { hasEnded, session } from "../../session/session";

export interface Held {
  identity: string;
  code: Code;
  until: number;
}

/** Why there is no code any more, where nobody has left its view. */
export type Gone = "time" | "session";

export const SHOWN_MINUTES = 10;
const SHOWN = SHOWN_MINUTES * 60_000;

export const held = new Cell<Held | undefined>(undefined);
/** Codes whose answers came when whoever asked had gone on: never shown where something else was asked for. */
export const late = new Cell<Held[]>([]);
export const gone = new Cell<Gone | undefined>(undefined);

let printing = false;

export function showLetter(identity: string, code: Code): void {
  gone.set(undefined);
  held.set(kept(identity, code));
}

export function keepLate(identity: string, code: Code): void {
  late.set([...late.value, kept(identity, code)]);
}

export function showLate(one: Held): void {
  late.set(late.value.filter((other) => other !== one));
  showLetter(one.identity, one.code);
}

/** Whoever leaves the view has seen it. */
export function putAway(): void {
  held.set(undefined);
  gone.set(undefined);
}

function kept(identity: string, code: Code): Held {
  setTimeout(look, SHOWN);
  return { identity, code, until: Date.now() + SHOWN };
}

function end(why: Gone): void {
  held.set(undefined);
  gone.set(why);
}

/** Put away what has been there for long. A sleeping machine stops its timers: so whoever comes back is a reason, too. */
function look(): void {
  if (printing) return;
  if (held.value && Date.now() >= held.value.until) end("time");
  late.set(late.value.filter(({ until }) => Date.now() < until));
}

function sessionEnded(): void {
  late.set([]);
  if (held.value) end("session");
}

addEventListener("beforeprint", () => {
  printing = true;
});
addEventListener("afterprint", () => {
  printing = false;
  look();
});
addEventListener("pagehide", () => {
  late.set([]);
  putAway();
});
document.addEventListener("visibilitychange", look);
hasEnded.watch((ended) => ended && sessionEnded());
session.watch(({ state }) => state !== "in" && sessionEnded());
