// A number and what is counted, in the right form: "1 user", "2 users".
import { localeOf } from "./locale";

/** In the forms of a language; `#` in them stands for the number. */
export function counting(language: string): (count: number, one: string, other: string) => string {
  const rules = new Intl.PluralRules(language);
  const figures = new Intl.NumberFormat(localeOf(language));
  return (count, one, other) => (rules.select(count) === "one" ? one : other).replaceAll("#", () => figures.format(count));
}
