// What the members of an event's detail are called, and the fixed words in them. What a later release of the server writes is
// shown as it is.
import type { Event } from "../api/types";
import { type Language, language, texts } from "./index";

type Said = Record<Language, string>;

const MEMBERS: Record<string, Said> = {
  act: { en: "act", de: "Vorgang" },
  administrator: { en: "administrator", de: "Administration" },
  approval: { en: "approval", de: "Freigabe" },
  attempts_left: { en: "attempts left", de: "verbleibende Versuche" },
  awaited: { en: "address not yet confirmed", de: "Adresse noch nicht bestätigt" },
  by: { en: "by", de: "durch" },
  cause: { en: "cause", de: "Ursache" },
  changed: { en: "changed", de: "geändert" },
  code: { en: "refused because", de: "Grund der Ablehnung" },
  code_label: { en: "code label", de: "Kennung des Codes" },
  day: { en: "day", de: "Tag" },
  days: { en: "signed days", de: "signierte Tage" },
  events: { en: "events", de: "Ereignisse" },
  finding: { en: "finding", de: "Befund" },
  identities: { en: "identities", de: "Identitäten" },
  identity: { en: "identity", de: "Identität" },
  in_a_row: { en: "in a row", de: "nacheinander" },
  name: { en: "device", de: "Gerät" },
  outcome: { en: "outcome", de: "Ergebnis" },
  paired_by: { en: "paired", de: "gekoppelt" },
  pairing: { en: "QR code", de: "QR-Code" },
  platform: { en: "system", de: "System" },
  policy: { en: "forbidden by policy", de: "nach den Regeln verboten" },
  reason: { en: "reason", de: "Begründung" },
  restoration: { en: "restoration", de: "Wiederherstellung" },
  route: { en: "request", de: "Anfrage" },
  sha256: { en: "SHA-256", de: "SHA-256" },
  version: { en: "version", de: "Version" },
  whole: { en: "intact", de: "unversehrt" },
};
const WHO: Said = { en: "name", de: "Name" };

const WORDS: Record<string, Record<string, Said>> = {
  by: {
    administrator: { en: "an administrator", de: "die Administration" },
    barring: { en: "a bar", de: "eine Sperre" },
    completion: { en: "a completed restoration", de: "eine abgeschlossene Wiederherstellung" },
    device: { en: "a device", de: "ein Gerät" },
    disabling: { en: "switching restore off", de: "Ausschalten der Wiederherstellung" },
    dispute: { en: "a dispute", de: "einen Widerspruch" },
    new_code: { en: "a new code", de: "einen neuen Code" },
    new_device: { en: "the new device", de: "das neue Gerät" },
    newer_offer: { en: "a newer QR code", de: "einen neueren QR-Code" },
    newer_request: { en: "a newer request", de: "eine neuere Anfrage" },
    paired_device: { en: "a paired device", de: "ein gekoppeltes Gerät" },
    pairing: { en: "a pairing", de: "eine Kopplung" },
    reclaim: { en: "a device that came back", de: "ein zurückgekehrtes Gerät" },
    restoration: { en: "a restoration", de: "eine Wiederherstellung" },
    unpairing: { en: "an unpairing", de: "eine Entkopplung" },
  },
  cause: {
    ContentRejected: { en: "the content was refused", de: "Inhalt abgelehnt" },
    MailboxFull: { en: "the mailbox is full", de: "Postfach voll" },
    MessageTooLarge: { en: "the mail was too large", de: "E-Mail zu groß" },
    NoEmail: { en: "there is no such address", de: "Adresse gibt es nicht" },
    OnAccountSuppressionList: { en: "bounced before", de: "früher schon zurückgekommen" },
    Suppressed: { en: "bounced before", de: "früher schon zurückgekommen" },
    abuse: { en: "reported as spam", de: "als Spam gemeldet" },
    fraud: { en: "reported as fraud", de: "als Betrug gemeldet" },
    virus: { en: "reported as a virus", de: "als Virus gemeldet" },
  },
  outcome: {
    cancelled: { en: "cancelled", de: "abgebrochen" },
    held: { en: "limited", de: "eingeschränkt" },
    kept: { en: "kept", de: "behalten" },
    put_back: { en: "put back", de: "zurückgesetzt" },
    unpaired: { en: "unpaired", de: "entkoppelt" },
  },
};

/** Words that say nothing beyond the event's own name. */
const UNTOLD = new Set(["", "General", "Undetermined", "other"]);

/** Whether a member tells a reader anything. */
export function isTold(member: string, value: unknown): boolean {
  return !(member === "awaited" && value === false) && !(member === "cause" && UNTOLD.has(String(value)));
}

function said(words: Said | undefined): string | undefined {
  return words?.[language.value];
}

/** What a member is called. `name` is an administrator's in rows of theirs, else a device's. */
export function memberName(member: string, detail: Event["detail"]): string {
  return said(member === "name" && detail && "administrator" in detail ? WHO : MEMBERS[member]) ?? member.replaceAll("_", " ");
}

/** A value of a member that has fixed words, in words; any other value as it is. */
export function fixedWord(member: string, value: string): string {
  const { approvals, policy, user } = texts();
  const others: Record<string, Record<string, string | undefined>> = { act: approvals.act, paired_by: user.pairedBy, platform: user.platform };
  if (member === "policy") return own<[string, string]>(policy.fields, value)?.[0] ?? value.replaceAll("_", " ");
  return said(own(WORDS[member], value)) ?? own(others[member], value) ?? value;
}

/** What is in a table by that name, but nothing that every object has: values come from elsewhere. */
function own<T>(table: Record<string, T> | undefined, name: string): T | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined;
}
