// What can be done to a user, by whom, and where it is asked for.
import { at } from "../../api/client";
import type { Device, Overview, Restoration } from "../../api/types";
import type { Role } from "../../session/roles";
import type { Texts } from "../../texts";

export interface Words {
  open: string;
  title: string;
  says: string[];
  confirm: string;
}

export interface Act {
  /** Names the act among those on one user, so that a draft finds its dialog again. */
  key: string;
  role: Role;
  path: string;
  danger: boolean;
  /** Whether it asks for how many hours. */
  hours: boolean;
  /** Whether its answer is a code, for a letter. */
  shows: boolean;
  texts: (say: Texts) => Words;
}

function act(key: string, role: Role, path: string, words: Act["texts"], more: Partial<Act> = {}): Act {
  return { key, role, path, danger: false, hours: false, shows: false, texts: words, ...more };
}

export function unpairing(identity: string, device: Device): Act {
  return act(
    `unpair ${device.id}`,
    "helpdesk",
    at("identities", identity, "devices", device.id, "unpairing"),
    ({ acts }) => ({ ...acts.unpair, title: acts.unpair.title(device.name) }),
    { danger: true },
  );
}

export function cancelling(identity: string, restoration: Restoration): Act {
  return act(
    `cancel ${restoration.id}`,
    "helpdesk",
    at("identities", identity, "restorations", restoration.id, "cancellation"),
    ({ acts }) => ({ ...acts.cancel, title: acts.cancel.title(restoration.device.name) }),
    { danger: true },
  );
}

/** The acts on the user as a whole that fit how things stand. */
export function actsOn({ identity, restore, email_confirmed: confirmed }: Overview): Act[] {
  const path = (...parts: string[]) => at("identities", identity, ...parts);
  const barred = restore.status === "disabled_by_admin";
  const kept = restore.code_kept && restore.status === "enabled";
  return [
    ...(kept
      ? [
          act("send", "helpdesk", path("restore-code", "send"), ({ acts }) => acts.send),
          act("reveal", "admin", path("restore-code", "reveal"), ({ acts }) => acts.reveal, { shows: true }),
        ]
      : []),
    // where a way back has switched restore off it works, too; the server says where it does not
    ...(confirmed && !barred
      ? [act("issue", "admin", path("restore-code", "issue"), ({ acts }) => acts.issue, { shows: true, hours: true })]
      : []),
    barred
      ? act("allow", "helpdesk", path("restore", "unbarring"), ({ acts }) => acts.allow)
      : act("bar", "helpdesk", path("restore", "barring"), ({ acts }) => acts.bar, { danger: true }),
  ];
}
