// A policy's fields, and two policies beside each other: for whoever changes them, and for whoever approves the change.
import { ask } from "../../api/client";
import type { WholePolicy as Fields } from "../../api/types";
import { texts } from "../../texts";

export type Name = keyof Fields;

export interface Read {
  fields: Fields;
  version: number;
  etag: string;
}

export const GROUPS: Record<keyof ReturnType<typeof texts>["policy"]["groups"], Name[]> = {
  restoring: ["restore_enabled", "enforce_on_creation", "waiting_hours", "hold_hours"],
  devices: ["require_verification_key", "max_devices", "pairing_enabled", "unpair_others_on_restore", "unpair_others_on_pairing"],
  codes: ["two_person_approval", "keep_sealed_codes"],
  addresses: ["email_domains", "prompt_at_sign_in"],
};
export const NAMES = Object.values(GROUPS).flat();

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
            <th scope="row">{say.fields[name]?.[0] ?? name}</th>
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
