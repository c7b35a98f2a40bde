// What can be done to a user, by whom, what it says before and after, and where it is asked for.
import { ask } from "../../api/client";
import type { Device, IdentityOverview, Restoration } from "../../api/types";
import type { Role } from "../../session/roles";
import { type Texts, ago, list, time } from "../../texts";

/** A sentence about what will happen. `warns`: nobody may overlook it. */
export interface Sentence {
  text: string;
  warns?: boolean;
}

export interface Words {
  open: string;
  /** The act in a few words, where it does not stand beside what it is about. */
  what: string;
  title: string;
  says: Sentence[];
  confirm: string;
  /** What doing it again does to what was lost on its way here the first time. */
  again?: string;
  /** That it was done, to what and to whom. */
  done: string;
}

export interface Wanted {
  reason: string;
  hours: number;
  /** The approval under which it is asked for again. */
  approval?: string;
}

export interface Act {
  /** Names the act among those on one user, so that a draft finds its dialog again. */
  key: string;
  role: Role;
  /** Asks for it. */
  send: (wanted: Wanted) => Promise<{ status: number; data: unknown }>;
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

const ID_SYMBOLS = 8;

/** What a device is called here: by its name, and where another has the same one by the first symbols of its id, too. */
export function nameOf(device: Device, among: Device[]): string {
  const isAlone = among.filter(({ name }) => name === device.name).length < 2;
  return isAlone ? device.name : `${device.name} (${device.id.slice(0, ID_SYMBOLS)})`;
}

/** All by which somebody can tell a device from others. */
export function marksOf(device: Device, { user }: Texts): string {
  return [
    user.platform[device.platform],
    device.paired_at && user.paired(ago(device.paired_at), user.pairedBy[device.paired_by]),
    device.held_until && user.held(time(device.held_until)),
  ]
    .filter(Boolean)
    .join(" · ");
}

export function unpairing(user: IdentityOverview, device: Device): Act {
  const { identity, devices } = user;
  const name = nameOf(device, devices);
  return act(
    `unpair ${device.id}`,
    "helpdesk",
    ({ reason, approval }) =>
      ask("POST /identities/{identity}/devices/{device}/unpairing", { path: { identity, device: device.id }, body: { reason }, approval }),
    (say) => ({
      ...say.acts.unpair,
      what: `${say.acts.unpair.open}: ${name}`,
      title: say.acts.unpair.title(name, identity),
      done: say.acts.unpair.done(name, identity),
      says: [
        { text: marksOf(device, say) },
        ...(devices.length === 1
          ? [{ text: user.restore.status === "enabled" ? say.acts.unpair.last : say.acts.unpair.lastOff, warns: true }]
          : []),
        ...sentences(say.acts.unpair.says),
        ...told(user, say),
      ],
    }),
    { danger: true },
  );
}

export function cancelling(user: IdentityOverview, restoration: Restoration): Act {
  const { identity } = user;
  const { device } = restoration;
  const name = nameOf(device, user.restorations.map((one) => one.device));
  return act(
    `cancel ${restoration.id}`,
    "helpdesk",
    ({ reason }) =>
      ask("POST /identities/{identity}/restorations/{restoration}/cancellation", {
        path: { identity, restoration: restoration.id },
        body: { reason },
      }),
    (say) => ({
      ...say.acts.cancel,
      what: `${say.acts.cancel.confirm}: ${name}`,
      title: say.acts.cancel.title(name, identity),
      done: say.acts.cancel.done(name, identity),
      says: [
        { text: `${say.user.platform[device.platform]} · ${say.user.begun(ago(restoration.created_at))}` },
        ...sentences(say.acts.cancel.says),
        ...told(user, say),
      ],
    }),
    { danger: true },
  );
}

/** The acts on the user as a whole that fit how things stand. */
export function actsOn(user: IdentityOverview): Act[] {
  const { identity, restore, email_confirmed: confirmed } = user;
  const path = { identity };
  const barred = restore.status === "disabled_by_admin";
  const kept = restore.code_kept && restore.status === "enabled";
  const words = (of: "bar" | "allow" | "reveal", say: Texts): Words => ({
    ...say.acts[of],
    what: say.acts[of].open,
    title: say.acts[of].title(identity),
    done: say.acts[of].done(identity),
    says: [...sentences(say.acts[of].says), ...told(user, say)],
  });
  return [
    ...(kept
      ? [
          act(
            "send",
            "helpdesk",
            ({ reason, approval }) => ask("POST /identities/{identity}/restore-code/send", { path, body: { reason }, approval }),
            (say) => ({
              ...say.acts.send,
              what: say.acts.send.open,
              title: say.acts.send.title(identity),
              done: say.acts.send.done(identity),
              says: [
                ...(user.email_hint ? [{ text: say.acts.send.goesTo(user.email_hint) }] : []),
                ...bounced(user.email_hint, user.email_bounced_at, say),
                ...sentences(say.acts.send.says),
                ...(user.second_email_hint ? [{ text: say.acts.told(user.second_email_hint) }] : []),
                ...bounced(user.second_email_hint, user.second_email_bounced_at, say),
              ],
            }),
          ),
          act(
            "reveal",
            "admin",
            ({ reason, approval }) => ask("POST /identities/{identity}/restore-code/reveal", { path, body: { reason }, approval }),
            (say) => words("reveal", say),
            { shows: true },
          ),
        ]
      : []),
    // where a way back has switched restore off it works, too; the server says where it does not
    ...(confirmed && !barred
      ? [act(
            "issue",
            "admin",
            ({ reason, hours, approval }) => ask("POST /identities/{identity}/restore-code/issue", { path, body: { reason, hours }, approval }),
            (say) => ({
              ...say.acts.issue,
              what: say.acts.issue.open,
              title: say.acts.issue.title(identity),
              done: say.acts.issue.done(identity),
              says: [
                ...(user.issued_code
                  ? [{ text: say.acts.issue.replaces(user.issued_code.code_label, time(user.issued_code.expires_at)), warns: true }]
                  : []),
                ...sentences(say.acts.issue.says),
                { text: say.acts.issue.mailed(user.email_hint ?? "") },
                ...told(user, say),
              ],
            }),
            { shows: true, hours: true },
          )]
      : []),
    barred
      ? act(
          "allow",
          "helpdesk",
          ({ reason, approval }) => ask("POST /identities/{identity}/restore/unbarring", { path, body: { reason }, approval }),
          (say) => words("allow", say),
        )
      : act(
          "bar",
          "helpdesk",
          ({ reason }) => ask("POST /identities/{identity}/restore/barring", { path, body: { reason } }),
          (say) => words("bar", say),
          { danger: true },
        ),
  ];
}

function sentences(texts: string[]): Sentence[] {
  return texts.map((text) => ({ text }));
}

/** Where the user is told of it, and whether that arrives. */
function told(user: IdentityOverview, say: Texts): Sentence[] {
  const addresses = [user.email_hint, user.second_email_hint].filter((one) => one !== null);
  if (addresses.length === 0) return [{ text: say.acts.nobodyTold, warns: true }];
  return [
    { text: say.acts.told(list(addresses)) },
    ...bounced(user.email_hint, user.email_bounced_at, say),
    ...bounced(user.second_email_hint, user.second_email_bounced_at, say),
  ];
}

function bounced(hint: string | null, since: string | null | undefined, say: Texts): Sentence[] {
  return hint && since ? [{ text: say.acts.bounces(hint), warns: true }] : [];
}
