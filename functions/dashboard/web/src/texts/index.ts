// The language of the screen: chosen here, else the browser's. A language is a file that says all that English says.
import { Cell } from "../cell";
import { de } from "./de";
import { type Texts, en } from "./en";
import { localeOf } from "./locale";

export type { Texts } from "./en";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const BY_LANGUAGE: Record<Language, Texts> = { en, de };
const KEY = "language";

function preferred(): Language {
  const wanted = [localStorage.getItem(KEY), ...navigator.languages];
  for (const one of wanted) {
    const short = one?.toLowerCase().split("-")[0];
    const spoken = (Object.keys(LANGUAGES) as Language[]).find((language) => language === short);
    if (spoken) return spoken;
  }
  return "en";
}

export const language = new Cell<Language>(preferred());

export function choose(chosen: Language): void {
  localStorage.setItem(KEY, chosen);
  language.set(chosen);
}

function locale(): string {
  return localeOf(language.value);
}

export function texts(): Texts {
  return BY_LANGUAGE[language.value];
}

/** The texts of a language that need not be the screen's: a letter's. */
export function textsIn(one: Language): Texts {
  return BY_LANGUAGE[one];
}

/** A time in the viewer's own zone. */
export function time(at: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

/** A time in the viewer's own zone, and which zone that is: for what is printed, or read elsewhere by others. */
export function timeWithZone(at: string, written: Language = language.value): string {
  const parts = { year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" } as const;
  return new Intl.DateTimeFormat(localeOf(written), parts).format(new Date(at));
}

/** A time to the second, as a log has it. */
export function moment(at: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "medium" }).format(new Date(at));
}

export function day(at: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeZone: "UTC" }).format(new Date(at));
}

/** How far away a time is: "in 5 hours", "3 days ago", "now". */
export function distance(at: string, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const units: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, length] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.round(seconds / length), unit);
}

/** A time as people say it, and exactly: "3 minutes ago (00:56)"; with the day where it is another one. */
export function ago(at: string): string {
  const then = new Date(at);
  const today = then.toDateString() === new Date().toDateString();
  const exact = today ? new Intl.DateTimeFormat(locale(), { timeStyle: "short" }).format(then) : time(at);
  return `${distance(at)} (${exact})`;
}

/** How long to wait: "in 12 minutes", never too short. */
export function inAWhile(seconds: number): string {
  const units: [Intl.RelativeTimeFormatUnit, number][] = [["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, length] = units.find(([, size]) => seconds >= 2 * size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale()).format(Math.ceil(seconds / length), unit);
}

export function list(all: string[]): string {
  return new Intl.ListFormat(locale()).format(all);
}

export function number(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

export function percent(part: number, whole: number): string {
  return new Intl.NumberFormat(locale(), { style: "percent" }).format(whole ? part / whole : 0);
}
