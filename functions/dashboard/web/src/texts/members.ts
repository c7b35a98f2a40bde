// What the members of an event's detail are called, and the fixed words in them. What a later release of the server writes is
// shown as it is.
import type { Event } from "../api/types";
import { language, texts } from "./index";

type Said = [en: string, de: string];

const MEMBERS: Record<string, Said> = {
  act: ["act", "Vorgang"],
  administrator: ["administrator", "Administration"],
  approval: ["approval", "Freigabe"],
  attempts_left: ["attempts left", "Versuche übrig"],
  awaited: ["address waited for its code", "Adresse wartete auf ihren Code"],
  by: ["by", "durch"],
  cause: ["cause", "Ursache"],
  changed: ["changed", "geändert"],
  code: ["refused as", "abgelehnt als"],
  code_label: ["code", "Code"],
  day: ["day", "Tag"],
  days: ["signed days", "unterschriebene Tage"],
  events: ["events", "Ereignisse"],
  finding: ["finding", "Befund"],
  identities: ["identities", "Identitäten"],
  identity: ["identity", "Identität"],
  in_a_row: ["in a row", "nacheinander"],
  name: ["device", "Gerät"],
  outcome: ["outcome", "Ergebnis"],
  paired_by: ["paired", "verbunden"],
  pairing: ["QR code", "QR-Code"],
  platform: ["system", "System"],
  policy: ["forbidden by policy", "nach den Regeln verboten"],
  reason: ["reason", "Begründung"],
  restoration: ["restoration", "Wiederherstellung"],
  route: ["asked for", "gefragt war"],
  sha256: ["SHA-256", "SHA-256"],
  version: ["version", "Fassung"],
  whole: ["whole", "vollständig"],
};
const WHO: Said = ["name", "Name"];

const WORDS: Record<string, Record<string, Said>> = {
  by: {
    administrator: ["an administrator", "die Administration"],
    barring: ["a bar", "eine Sperre"],
    completion: ["a completed restoration", "eine abgeschlossene Wiederherstellung"],
    device: ["a device", "ein Gerät"],
    disabling: ["disabling", "Abschalten"],
    dispute: ["a dispute", "einen Widerspruch"],
    new_code: ["a new code", "einen neuen Code"],
    new_device: ["the new device", "das neue Gerät"],
    newer_offer: ["a newer QR code", "einen neueren QR-Code"],
    newer_request: ["a newer request", "eine neuere Anfrage"],
    paired_device: ["a paired device", "ein verbundenes Gerät"],
    pairing: ["a pairing", "ein Verbinden"],
    reclaim: ["a device that came back", "ein zurückgekehrtes Gerät"],
    restoration: ["a restoration", "eine Wiederherstellung"],
    unpairing: ["an unpairing", "ein Trennen"],
  },
  outcome: {
    cancelled: ["cancelled", "abgebrochen"],
    held: ["held", "eingeschränkt"],
    kept: ["kept", "behalten"],
    put_back: ["put back", "zurückgesetzt"],
    unpaired: ["unpaired", "getrennt"],
  },
};

function said(words: Said | undefined): string | undefined {
  return words?.[language.value === "de" ? 1 : 0];
}

/** What a member is called. `name` is an administrator's in rows of theirs, else a device's. */
export function memberName(member: string, detail: Event["detail"]): string {
  return said(member === "name" && detail && "administrator" in detail ? WHO : MEMBERS[member]) ?? member.replaceAll("_", " ");
}

/** A value of a member that has fixed words, in words; any other value as it is. */
export function fixedWord(member: string, value: string): string {
  const { approvals, policy, user } = texts();
  const others: Record<string, Record<string, string | undefined>> = { act: approvals.act, paired_by: user.pairedBy, platform: user.platform };
  if (member === "policy") return policy.fields[value]?.[0] ?? value.replaceAll("_", " ");
  return said(own(WORDS[member], value)) ?? own(others[member], value) ?? value;
}

/** What is in a table by that name, but nothing that every object has: values come from elsewhere. */
function own<T>(table: Record<string, T> | undefined, name: string): T | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined;
}
