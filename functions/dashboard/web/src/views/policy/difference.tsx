// A policy's fields, and two policies beside each other: for whoever changes them, and for whoever approves the change.
import { ask } from "../../api/client";
import type { WholePolicy as Fields } from "../../api/types";
import { type Texts, texts } from "../../texts";
import { fixedWord } from "../../texts/members";

export type Name = keyof Fields;

export interface Read {
  fields: Fields;
  version: number;
  etag: string;
}

export type Group = keyof Texts["policy"]["groups"];

/** Where each field stands in the form, in this order. A policy is saved whole, so none can be left out. */
const GROUP_OF: Record<Name, Group> = {
  restore_enabled: "restoring",
  enforce_on_creation: "restoring",
  waiting_hours: "restoring",
  hold_hours: "restoring",
  require_verification_key: "devices",
  max_devices: "devices",
  pairing_enabled: "devices",
  unpair_others_on_restore: "devices",
  unpair_others_on_pairing: "devices",
  two_person_approval: "codes",
  keep_sealed_codes: "codes",
  email_domains: "addresses",
  prompt_at_sign_in: "addresses",
};
export const NAMES = Object.keys(GROUP_OF) as Name[];
export const GROUPS = [...new Set(Object.values(GROUP_OF))];

export function namesOf(group: Group): Name[] {
  return NAMES.filter((name) => GROUP_OF[name] === group);
}

export async function readPolicy(): Promise<Read> {
  const { data, etag } = await ask("GET /policy");
  const { version, ...fields } = data;
  return { fields, version, etag: etag ?? `"${version}"` };
}

export function Difference({ names, left, right }: { names: Name[]; left: Fields; right: Fields }) {
  const say = texts().policy;
  return (
    <table class="table tight">
      <thead>
        <tr><th scope="col">{say.field}</th><th scope="col">{say.before}</th><th scope="col">{say.after}</th></tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <th scope="row">{fixedWord("policy", name)}</th>
            <td>{shown(left[name])}</td>
            <td><strong>{shown(right[name])}</strong></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

export function shown(value: Fields[Name]): string {
  const say = texts().policy;
  if (value === true) return say.on;
  if (value === false) return say.off;
  if (value === null) return say.anyDomain;
  return Array.isArray(value) ? value.join(", ") : String(value);
}
