// What can be done to a user, by whom, and where it is asked for.
import { ask } from "../../api/client";
import type { Device, IdentityOverview, Restoration } from "../../api/types";
import type { Role } from "../../session/roles";
import type { Texts } from "../../texts";

export interface Words {
  open: string;
  title: string;
  says: string[];
  confirm: string;
}

export interface Reasons {
  reason: string;
  hours: number;
}

export interface Act {
  /** Names the act among those on one user, so that a draft finds its dialog again. */
  key: string;
  role: Role;
  /** Asks for it. */
  send: (body: Reasons) => Promise<{ status: number; data: unknown }>;
  danger: boolean;
  /** Whether it asks for how many hours. */
  hours: boolean;
  /** Whether its answer is a code, for a letter. */
  shows: boolean;
  texts: (say: Texts) => Words;
}

function act(key: string, role: Role, send: Act["send"], words: Act["texts"], more: Partial<Act> = {}): Act {
  return { key, role, send, danger: false, hours: false, shows: false, texts: words, ...more };
}

export function unpairing(identity: string, device: Device): Act {
  return act(
    `unpair ${device.id}`,
    "helpdesk",
    ({ reason }) => ask("POST /identities/{identity}/devices/{device}/unpairing", { path: { identity, device: device.id }, body: { reason } }),
    ({ acts }) => ({ ...acts.unpair, title: acts.unpair.title(device.name) }),
    { danger: true },
  );
}

export function cancelling(identity: string, restoration: Restoration): Act {
  return act(
    `cancel ${restoration.id}`,
    "helpdesk",
    ({ reason }) =>
      ask("POST /identities/{identity}/restorations/{restoration}/cancellation", {
        path: { identity, restoration: restoration.id },
        body: { reason },
      }),
    ({ acts }) => ({ ...acts.cancel, title: acts.cancel.title(restoration.device.name) }),
    { danger: true },
  );
}

/** The acts on the user as a whole that fit how things stand. */
export function actsOn({ identity, restore, email_confirmed: confirmed }: IdentityOverview): Act[] {
  const path = { identity };
  const barred = restore.status === "disabled_by_admin";
  const kept = restore.code_kept && restore.status === "enabled";
  return [
    ...(kept
      ? [
          act("send", "helpdesk", ({ reason }) => ask("POST /identities/{identity}/restore-code/send", { path, body: { reason } }), ({ acts }) => acts.send),
          act(
            "reveal",
            "admin",
            ({ reason }) => ask("POST /identities/{identity}/restore-code/reveal", { path, body: { reason } }),
            ({ acts }) => acts.reveal,
            { shows: true },
          ),
        ]
      : []),
    // where a way back has switched restore off it works, too; the server says where it does not
    ...(confirmed && !barred
      ? [act(
            "issue",
            "admin",
            (body) => ask("POST /identities/{identity}/restore-code/issue", { path, body }),
            ({ acts }) => acts.issue,
            { shows: true, hours: true },
          )]
      : []),
    barred
      ? act("allow", "helpdesk", ({ reason }) => ask("POST /identities/{identity}/restore/unbarring", { path, body: { reason } }), ({ acts }) => acts.allow)
      : act("bar", "helpdesk", ({ reason }) => ask("POST /identities/{identity}/restore/barring", { path, body: { reason } }), ({ acts }) => acts.bar, { danger: true }),
  ];
}
