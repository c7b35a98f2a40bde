// What somebody has asked for and a second person has yet to approve: who may not read the approvals finds it again by
// this. In this tab, for this person, for a day: ids and what the request says, never a code.
import { Cell } from "../cell";

export interface Asked {
  /** The approval's. */
  id: string;
  identity: string;
  /** Which act on the user it is. */
  key: string;
  reason: string;
  hours: number;
  at: string;
  until: string;
}

const NAME = "asked for";

function read(): Asked[] {
  const all = JSON.parse(sessionStorage.getItem(NAME) ?? "[]") as Asked[];
  return all.filter(({ until }) => new Date(until).getTime() > Date.now());
}

/** All that waits, the newest first. */
export const asked = new Cell<Asked[]>(read());

function keep(all: Asked[]): void {
  sessionStorage.setItem(NAME, JSON.stringify(all));
  asked.set(all);
}

export function rememberAsked(one: Asked): void {
  keep([one, ...read().filter(({ id }) => id !== one.id)]);
}

/** It is done, or will never be. */
export function forgetAsked(id: string): void {
  keep(read().filter((one) => one.id !== id));
}

export function forgetAllAsked(): void {
  sessionStorage.removeItem(NAME);
  asked.set([]);
}
