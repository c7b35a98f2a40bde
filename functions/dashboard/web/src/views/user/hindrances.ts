// What stands in the way of restoring a user, though restore is enabled: whoever is asked for help must not overlook it.
import type { IdentityOverview } from "../../api/types";
import { ago, texts, time } from "../../texts";

export interface Hindrance {
  short: string;
  long: string;
}

const DAY = 86_400_000;
/** A third of a code is not mistyped into another's: but one or two may be an old sheet read over somebody's shoulder. */
const GUESSES = 3;

export function hindrancesOf(user: IdentityOverview): Hindrance[] {
  const { user: say } = texts();
  const found: Hindrance[] = [];
  if (user.email_hint && user.email_bounced_at) {
    found.push({ short: say.hindered.bounced, long: say.bouncedLong(user.email_hint, time(user.email_bounced_at)) });
  }
  if (user.restore.status === "awaiting_email" && user.email_pending && user.email_pending_bounced_at) {
    found.push({ short: say.hindered.pendingBounced, long: say.pendingBouncedLong(user.email_pending.email_hint) });
  }
  return [...found, ...guessesOf(user)];
}

/** Codes in force that somebody guesses at, as far as the latest events tell. */
function guessesOf({ restore, issued_code: issued, events }: IdentityOverview): Hindrance[] {
  const { user: say } = texts();
  const inForce = [restore.code_label, issued?.code_label];
  const newest = events.find(
    ({ type, at, detail }) =>
      (type === "restore.code_locked" || type === "restoration.refused") &&
      Date.now() - new Date(at).getTime() < DAY &&
      inForce.includes(String(detail?.["code_label"])),
  );
  if (!newest) return [];
  if (newest.type === "restore.code_locked") {
    return [{ short: say.hindered.locked, long: say.lockedLong(String(newest.detail?.["code_label"]), ago(newest.at)) }];
  }
  const wrong = Number(newest.detail?.["in_a_row"] ?? 1);
  return wrong < GUESSES ? [] : [{ short: say.hindered.guessed, long: say.guessedLong(wrong, ago(newest.at)) }];
}
