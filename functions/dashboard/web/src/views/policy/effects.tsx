// Whom a policy would meet: for whoever tries it, and for whoever approves it.
import type { PolicyTried as Effect, WholePolicy as Fields } from "../../api/types";
import { to } from "../../router";
import { texts } from "../../texts";

/** Nobody has more devices than policy can ever allow. */
const MOST_DEVICES = 10;

/** How many, and where the list of them is: by the fields in force that oblige somebody, and no others. */
export function Effects({ effect, wanted }: { effect: Effect; wanted: Fields }) {
  const say = texts().policy;
  const lists: [what: string, query: Record<string, string>, name: string][] = [];
  if (wanted.enforce_on_creation && wanted.restore_enabled) {
    lists.push([say.must.enable, { restore: "off" }, say.whoOff], [say.must.confirm, { restore: "awaiting_email" }, say.whoUnconfirmed]);
  }
  if (wanted.require_verification_key) lists.push([say.must.verify, { lacks: "verification_key" }, say.whoUnverified]);
  if (wanted.max_devices < MOST_DEVICES) {
    lists.push([say.must.unpair, { devices_over: String(wanted.max_devices) }, say.whoOver(wanted.max_devices)]);
  }
  return (
    <div class={`notice ${effect.locked_out > 0 ? "bad" : effect.obliged > 0 ? "warn" : "good"}`}>
      <h3>{say.effect}</h3>
      <p>{say.lockedOut(effect.locked_out)}</p>
      {effect.locked_out > 0 && (
        <>
          <a href={to(["users"], { restore: "enabled" })}>{say.whoReady}</a>
          <p class="small">{say.readyAndBounced}</p>
        </>
      )}
      <p>{say.obliged(effect.obliged, effect.obliged > 0 && lists.length > 0)}</p>
      {effect.obliged > 0 && (
        <ul class="says">
          {lists.map(([what, query, name]) => <li key={name}>{what}<br /><a href={to(["users"], query)}>{name}</a></li>)}
        </ul>
      )}
    </div>
  );
}
