// What the members of an event's detail are called, and the fixed words in them. What a later release of the server writes is
// shown as it is.
import type { Event } from "../api/types";
import { language, texts } from "./index";

type Said = [en: string, de: string];

const MEMBERS: Record<string, Said> = {
  act: ["act", "Vorgang"],
  administrator: ["administrator", "Administration"],
  approval: ["approval", "Freigabe"],
  attempts_left: ["attempts left", "verbleibende Versuche"],
  awaited: ["address not yet confirmed", "Adresse noch nicht bestätigt"],
  by: ["by", "durch"],
  cause: ["cause", "Ursache"],
  changed: ["changed", "geändert"],
  code: ["refused because", "abgelehnt wegen"],
  code_label: ["code label", "Kennung des Codes"],
  day: ["day", "Tag"],
  days: ["signed days", "signierte Tage"],
  events: ["events", "Ereignisse"],
  finding: ["finding", "Befund"],
  identities: ["identities", "Identitäten"],
  identity: ["identity", "Identität"],
  in_a_row: ["in a row", "nacheinander"],
  name: ["device", "Gerät"],
  outcome: ["outcome", "Ergebnis"],
  paired_by: ["paired", "gekoppelt"],
  pairing: ["QR code", "QR-Code"],
  platform: ["system", "System"],
  policy: ["forbidden by policy", "nach den Regeln verboten"],
  reason: ["reason", "Begründung"],
  restoration: ["restoration", "Wiederherstellung"],
  route: ["request", "Anfrage"],
  sha256: ["SHA-256", "SHA-256"],
  version: ["version", "Version"],
  whole: ["intact", "unversehrt"],
};
const WHO: Said = ["name", "Name"];

const WORDS: Record<string, Record<string, Said>> = {
  by: {
    administrator: ["an administrator", "die Administration"],
    barring: ["a bar", "eine Sperre"],
    completion: ["a completed restoration", "eine abgeschlossene Wiederherstellung"],
    device: ["a device", "ein Gerät"],
    disabling: ["switching restore off", "Ausschalten der Wiederherstellung"],
    dispute: ["a dispute", "einen Widerspruch"],
    new_code: ["a new code", "einen neuen Code"],
    new_device: ["the new device", "das neue Gerät"],
    newer_offer: ["a newer QR code", "einen neueren QR-Code"],
    newer_request: ["a newer request", "eine neuere Anfrage"],
    paired_device: ["a paired device", "ein gekoppeltes Gerät"],
    pairing: ["a pairing", "eine Kopplung"],
    reclaim: ["a device that came back", "ein zurückgekehrtes Gerät"],
    restoration: ["a restoration", "eine Wiederherstellung"],
    unpairing: ["an unpairing", "eine Entkopplung"],
  },
  cause: {
    ContentRejected: ["the content was refused", "Inhalt abgelehnt"],
    MailboxFull: ["the mailbox is full", "Postfach voll"],
    MessageTooLarge: ["the mail was too large", "E-Mail zu groß"],
    NoEmail: ["there is no such address", "Adresse gibt es nicht"],
    OnAccountSuppressionList: ["bounced before", "früher schon zurückgekommen"],
    Suppressed: ["bounced before", "früher schon zurückgekommen"],
    abuse: ["reported as spam", "als Spam gemeldet"],
    fraud: ["reported as fraud", "als Betrug gemeldet"],
    virus: ["reported as a virus", "als Virus gemeldet"],
  },
  outcome: {
    cancelled: ["cancelled", "abgebrochen"],
    held: ["limited", "eingeschränkt"],
    kept: ["kept", "behalten"],
    put_back: ["put back", "zurückgesetzt"],
    unpaired: ["unpaired", "entkoppelt"],
  },
};

/** Words that say nothing beyond the event's own name. */
const UNTOLD = new Set(["", "General", "Undetermined", "other"]);

/** Whether a member tells a reader anything. */
export function isTold(member: string, value: unknown): boolean {
  return !(member === "awaited" && value === false) && !(member === "cause" && UNTOLD.has(String(value)));
}

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
