// What events are called, in a few words. A type that a later release of the server writes is shown as it is.
import { type Language, language } from "./index";

const NAMES: Record<string, Record<Language, string>> = {
  "act.refused": { en: "Act refused by the server", de: "Vorgang vom Server abgelehnt" },
  "approval.denied": { en: "Approval denied", de: "Freigabe abgelehnt" },
  "approval.given": { en: "Approval given", de: "Freigabe erteilt" },
  "approval.requested": { en: "Approval requested", de: "Freigabe beantragt" },
  "barring.ordered": { en: "Barring ordered", de: "Sperre angeordnet" },
  "cancellation.ordered": { en: "Cancellation ordered", de: "Abbruch angeordnet" },
  "device.disputed": { en: "Device disputed", de: "Gerät bestritten" },
  "device.paired": { en: "Device paired", de: "Gerät gekoppelt" },
  "device.reclaimed": { en: "Device came back", de: "Gerät zurückgekehrt" },
  "device.unpaired": { en: "Device unpaired", de: "Gerät entkoppelt" },
  "device.way_back_ended": { en: "Device can no longer come back", de: "Gerät kann nicht mehr zurückkehren" },
  "email.bounced": { en: "Mail bounced", de: "E-Mail kam zurück" },
  "email.cancelled": { en: "Change of address cancelled", de: "Adresswechsel abgebrochen" },
  "email.complained": { en: "Mail reported as spam", de: "E-Mail als Spam gemeldet" },
  "email.confirmation_failed": { en: "Confirmation could not be mailed", de: "Bestätigung konnte nicht gesendet werden" },
  "email.confirmation_refused": { en: "Wrong confirmation code", de: "Falscher Bestätigungscode" },
  "email.confirmation_resent": { en: "Confirmation mailed again", de: "Bestätigung erneut gesendet" },
  "email.confirmed": { en: "Address confirmed", de: "Adresse bestätigt" },
  "email.disputed": { en: "Change of address disputed", de: "Adresswechsel bestritten" },
  "email.removed": { en: "Address removed", de: "Adresse entfernt" },
  "email.replaced": { en: "Address replaced", de: "Adresse ersetzt" },
  "email.requested": { en: "Change of address requested", de: "Adresswechsel beantragt" },
  "identity.created": { en: "Identity created", de: "Identität angelegt" },
  "identity.erased": { en: "Identity erased", de: "Identität gelöscht" },
  "issue.ordered": { en: "One-time code ordered", de: "Einmalcode angeordnet" },
  "log.signed": { en: "Log signed", de: "Protokoll signiert" },
  "log.verified": { en: "Log verified", de: "Protokoll geprüft" },
  "pairing.cancelled": { en: "QR code withdrawn", de: "QR-Code zurückgezogen" },
  "pairing.offered": { en: "QR code shown for a device", de: "QR-Code für ein Gerät angezeigt" },
  "pairing.used": { en: "QR code used", de: "QR-Code benutzt" },
  "policy.changed": { en: "Policy changed", de: "Regeln geändert" },
  "restoration.approved": { en: "Restoration approved by a device", de: "Wiederherstellung von einem Gerät erlaubt" },
  "restoration.cancelled": { en: "Restoration cancelled", de: "Wiederherstellung abgebrochen" },
  "restoration.code_proved": { en: "Both codes correct", de: "Beide Codes richtig" },
  "restoration.code_refused": { en: "Wrong mailed code", de: "Falscher Code aus der E-Mail" },
  "restoration.code_resent": { en: "Code mailed again", de: "Code erneut gesendet" },
  "restoration.completed": { en: "Restoration completed", de: "Wiederherstellung abgeschlossen" },
  "restoration.disputed": { en: "Restoration disputed", de: "Wiederherstellung bestritten" },
  "restoration.mail_failed": { en: "Code could not be mailed", de: "Code konnte nicht gesendet werden" },
  "restoration.refused": { en: "Wrong restore code", de: "Falscher Wiederherstellungscode" },
  "restoration.requested": { en: "Restoration begun", de: "Wiederherstellung begonnen" },
  "restore.barred": { en: "Restore barred", de: "Wiederherstellung gesperrt" },
  "restore.code_issued": { en: "One-time code issued", de: "Einmalcode ausgestellt" },
  "restore.code_locked": { en: "Code locked after wrong guesses", de: "Code nach Fehlversuchen gesperrt" },
  "restore.code_replaced": { en: "Restore code replaced", de: "Wiederherstellungscode ersetzt" },
  "restore.code_revealed": { en: "Code revealed to an administrator", de: "Code der Administration angezeigt" },
  "restore.code_send_failed": { en: "Kept code could not be mailed", de: "Aufbewahrter Code konnte nicht gesendet werden" },
  "restore.code_sent": { en: "Kept code mailed", de: "Aufbewahrter Code gesendet" },
  "restore.code_shown": { en: "Code shown on a device", de: "Code auf einem Gerät angezeigt" },
  "restore.disabled": { en: "Restore disabled", de: "Wiederherstellung ausgeschaltet" },
  "restore.enabled": { en: "Restore enabled", de: "Wiederherstellung eingeschaltet" },
  "restore.proven": { en: "Code tested by the user", de: "Code von der Person getestet" },
  "restore.unbarred": { en: "Restore allowed again", de: "Wiederherstellung wieder erlaubt" },
  "reveal.ordered": { en: "Revealing the code ordered", de: "Anzeigen des Codes angeordnet" },
  "send.ordered": { en: "Sending the code ordered", de: "Senden des Codes angeordnet" },
  "unbarring.ordered": { en: "Allowing restore again ordered", de: "Aufheben der Sperre angeordnet" },
  "unpairing.ordered": { en: "Unpairing ordered", de: "Entkoppeln angeordnet" },
  "verification_key.changed": { en: "PIN or biometrics set", de: "PIN oder Biometrie eingerichtet" },
  "verification_key.removed": { en: "PIN or biometrics removed", de: "PIN oder Biometrie entfernt" },
};
const SECOND = /^second_email\./;
const SECOND_ADDRESS: Record<Language, string> = { en: "second address", de: "zweite Adresse" };

type Group = "devices" | "restoring" | "email" | "second" | "administration" | "log";

/** In which group the filter of the log offers a type. */
function groupOf(type: string): Group {
  const [noun = ""] = type.split(".");
  if (type.endsWith(".ordered") || ["act", "approval", "policy"].includes(noun)) return "administration";
  if (noun === "log" || noun === "email") return noun;
  if (noun === "second_email") return "second";
  return noun === "restore" || noun === "restoration" ? "restoring" : "devices";
}

/** Every type that there is, by group. An identity's first address is replaced, never removed. */
export const KINDS: Record<Group, string[]> = { devices: [], restoring: [], email: [], second: [], administration: [], log: [] };
for (const type of Object.keys(NAMES)) {
  if (type !== "email.removed") KINDS[groupOf(type)].push(type);
  if (type.startsWith("email.")) KINDS.second.push(`second_${type}`);
}

export function eventName(type: string): string {
  const name = NAMES[type.replace(SECOND, "email.")]?.[language.value];
  if (!name) return type;
  return SECOND.test(type) ? `${name} (${SECOND_ADDRESS[language.value]})` : name;
}
