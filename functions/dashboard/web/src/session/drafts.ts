// What somebody has begun to write, kept until it is done or given up: it outlives a sign-in in between. No code and no
// token ever gets here.
import { forgetAllAsked } from "./asked";

const PREFIX = "draft ";

export function readDraft<T>(of: string): T | undefined {
  const text = sessionStorage.getItem(PREFIX + of);
  return text === null ? undefined : (JSON.parse(text) as T);
}

export function keepDraft(of: string, draft: unknown): void {
  sessionStorage.setItem(PREFIX + of, JSON.stringify(draft));
}

export function dropDraft(of: string): void {
  sessionStorage.removeItem(PREFIX + of);
}

/** Whoever signs in next at this screen does not find what somebody else has begun. */
export function forgetDraftsOfOthers(sub: string): void {
  if (sessionStorage.getItem("drafts of") !== sub) {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
    forgetAllAsked();
  }
  sessionStorage.setItem("drafts of", sub);
}
