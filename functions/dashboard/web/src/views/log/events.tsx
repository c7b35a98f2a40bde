// Events as people read them: what, when, and the details as words, never as markup.
import type { AuditedEvent, Event } from "../../api/types";
import { When } from "../../design/parts";
import { texts } from "../../texts";
import { eventName } from "../../texts/events";
import { fixedWord, isTold, memberName } from "../../texts/members";

export function EventList({ events }: { events: Event[] }) {
  return (
    <ul class="rows">
      {events.map((one) => (
        <li key={`${one.seq} ${one.hash}`}>
          <div>
            <span title={one.type}>{eventName(one.type)}</span>
            <p class="quiet small"><When at={one.at} /></p>
            <Details detail={one.detail} />
          </div>
        </li>
      ))}
    </ul>
  );
}

export function Details({ detail }: { detail: AuditedEvent["detail"] }) {
  const told = Object.entries(detail ?? {}).filter(([name, value]) => isTold(name, value));
  if (told.length === 0) return null;
  return (
    <ul class="details small">
      {told.map(([name, value]) => (
        <li key={name}><span class="quiet">{memberName(name, detail)}:</span> {words(value, name)}</li>
      ))}
    </ul>
  );
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
