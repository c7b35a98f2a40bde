// What of a policy the form holds, and what the server would refuse of it: said here, in the page's language and at the field.
import type { WholePolicy as Fields } from "../../api/types";
import { number, texts } from "../../texts";
import { NAMES, type Name } from "./difference";

/** Of a number and of domains, the text that somebody types. */
export type Form = Record<Name, boolean | string>;

/** The least and the most of each number, as in layers/core/restore/policy.py: a test compares. */
export const NUMBERS: Partial<Record<Name, [least: number, most: number]>> = {
  prompt_at_sign_in: [1, 1000],
  max_devices: [1, 10],
  waiting_hours: [0, 720],
  hold_hours: [0, 720],
};
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/;
const MOST_DOMAINS = 100;

export function formOf(fields: Fields): Form {
  const { email_domains: domains, ...others } = fields;
  const form = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, typeof value === "number" ? String(value) : value]));
  return { ...form, email_domains: (domains ?? []).join("\n") } as Form;
}

export function fieldsOf(form: Form): Fields {
  const fields = Object.fromEntries(
    NAMES.map((name) => {
      const value = form[name];
      if (name === "email_domains") {
        const domains = domainsOf(value);
        return [name, domains.length > 0 ? domains : null];
      }
      return [name, typeof value === "string" ? (wholeNumber(value) ?? value) : value];
    }),
  );
  return fields as unknown as Fields;
}

/** What is wrong with a field as it was typed, if anything. */
export function wrongWith(name: Name, value: boolean | string): string | undefined {
  const say = texts().policy.wrong;
  const range = NUMBERS[name];
  if (range) {
    const is = wholeNumber(String(value));
    const [least, most] = range;
    return is === undefined || is < least || is > most ? say.number(number(least), number(most)) : undefined;
  }
  if (name !== "email_domains") return undefined;
  const domains = domainsOf(value);
  const no = domains.find((one) => !DOMAIN.test(one));
  if (no !== undefined) return say.domain(no);
  return domains.length > MOST_DOMAINS ? say.domains(number(MOST_DOMAINS)) : undefined;
}

function wholeNumber(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text.trim()) ? Number(text) : undefined;
}

function domainsOf(value: boolean | string): string[] {
  return String(value).toLowerCase().split(/[\s,]+/).filter(Boolean);
}
