// Events as people read them: what, when, and the details as words, never as markup.
import type { AuditedEvent } from "../../api/types";
import { texts } from "../../texts";
import { fixedWord, isTold, memberName } from "../../texts/members";
import { whyRefused } from "../../texts/problems";

type Told = Pick<AuditedEvent, "detail" | "device"> & { device_name?: string | null };

/** So much of a device's id is shown where nobody knows its name: enough to tell a few devices apart. */
const SYMBOLS = 8;

export function Details({ of }: { of: Told }) {
  const { detail } = of;
  const told = Object.entries(detail ?? {}).filter(([name, value]) => isTold(name, value));
  const device = deviceOf(of);
  if (told.length === 0 && !device) return null;
  return (
    <ul class="details small">
      {device && <li><span class="quiet">{memberName("name", null)}:</span> {device}</li>}
      {told.map(([name, value]) => (
        <li key={name}>
          <span class="quiet">{memberName(name, detail)}:</span> {name === "code" ? <Refusal code={String(value)} /> : words(value, name)}
        </li>
      ))}
    </ul>
  );
}

/** Why it was refused, and the code itself, by which support finds it. */
function Refusal({ code }: { code: string }) {
  const why = whyRefused(code);
  return <>{why && `${why} `}<code class="quiet">{code}</code></>;
}

/** Which device it is about, where the details do not name one: by name, else by the beginning of its id. */
function deviceOf({ detail, device, device_name: name }: Told) {
  if (!device || (detail && "name" in detail && !("administrator" in detail))) return undefined;
  return name ?? <code title={device}>{device.slice(0, SYMBOLS)}…</code>;
}

function words(value: unknown, of = ""): string {
  if (value === true) return texts().common.yes;
  if (value === false) return texts().common.no;
  if (value === null) return texts().common.none;
  if (Array.isArray(value)) return value.map((one) => words(one)).join(", ");
  if (typeof value !== "object") return fixedWord(of, String(value));
  // a change of policy: field by field, what it was and what it is
  if ("from" in value && "to" in value) return `${words(value.from)} → ${words(value.to)}`;
  return Object.entries(value).map(([name, one]) => `${fixedWord("policy", name)} ${words(one)}`).join(", ");
}
