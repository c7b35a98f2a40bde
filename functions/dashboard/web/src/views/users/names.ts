// What an identity's name looks like (restore/keys.py), so that the page can say what is wrong with one, at its field.

const BEGINNING = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const WHOLE = /^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$/;

/** What was typed, as the server takes it. */
export function asName(typed: string): string {
  return typed.trim().toLowerCase();
}

export function beginsName(name: string): boolean {
  return name === "" || BEGINNING.test(name);
}

export function isName(name: string): boolean {
  return WHOLE.test(name);
}
