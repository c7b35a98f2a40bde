// What events are called, in a few words. A type that a later release of the server writes is shown as it is.
import { language } from "./index";

const NAMES: Record<string, [en: string, de: string]> = {
  "act.refused": ["Act refused by the server", "Vorgang vom Server abgelehnt"],
  "approval.denied": ["Approval denied", "Freigabe abgelehnt"],
  "approval.given": ["Approval given", "Freigabe erteilt"],
  "approval.requested": ["Approval requested", "Freigabe beantragt"],
  "barring.ordered": ["Barring ordered", "Sperre angeordnet"],
  "cancellation.ordered": ["Cancellation ordered", "Abbruch angeordnet"],
  "device.disputed": ["Device disputed", "Gerät bestritten"],
  "device.paired": ["Device paired", "Gerät gekoppelt"],
  "device.reclaimed": ["Device came back", "Gerät zurückgekehrt"],
  "device.unpaired": ["Device unpaired", "Gerät entkoppelt"],
  "device.way_back_ended": ["Device can no longer come back", "Gerät kann nicht mehr zurückkehren"],
  "email.bounced": ["Mail bounced", "E-Mail kam zurück"],
  "email.cancelled": ["Change of address cancelled", "Adresswechsel abgebrochen"],
  "email.complained": ["Mail reported as spam", "E-Mail als Spam gemeldet"],
  "email.confirmation_failed": ["Confirmation could not be mailed", "Bestätigung konnte nicht gesendet werden"],
  "email.confirmation_refused": ["Wrong confirmation code", "Falscher Bestätigungscode"],
  "email.confirmation_resent": ["Confirmation mailed again", "Bestätigung erneut gesendet"],
  "email.confirmed": ["Address confirmed", "Adresse bestätigt"],
  "email.disputed": ["Change of address disputed", "Adresswechsel bestritten"],
  "email.removed": ["Address removed", "Adresse entfernt"],
  "email.replaced": ["Address replaced", "Adresse ersetzt"],
  "email.requested": ["Change of address requested", "Adresswechsel beantragt"],
  "identity.created": ["Identity created", "Identität angelegt"],
  "identity.erased": ["Identity erased", "Identität gelöscht"],
  "issue.ordered": ["One-time code ordered", "Einmalcode angeordnet"],
  "log.signed": ["Log signed", "Protokoll signiert"],
  "log.verified": ["Log verified", "Protokoll geprüft"],
  "pairing.cancelled": ["QR code withdrawn", "QR-Code zurückgezogen"],
  "pairing.offered": ["QR code shown for a device", "QR-Code für ein Gerät angezeigt"],
  "pairing.used": ["QR code used", "QR-Code benutzt"],
  "policy.changed": ["Policy changed", "Regeln geändert"],
  "restoration.approved": ["Restoration approved by a device", "Wiederherstellung von einem Gerät erlaubt"],
  "restoration.cancelled": ["Restoration cancelled", "Wiederherstellung abgebrochen"],
  "restoration.code_proved": ["Both codes correct", "Beide Codes richtig"],
  "restoration.code_refused": ["Wrong mailed code", "Falscher Code aus der E-Mail"],
  "restoration.code_resent": ["Code mailed again", "Code erneut gesendet"],
  "restoration.completed": ["Restoration completed", "Wiederherstellung abgeschlossen"],
  "restoration.disputed": ["Restoration disputed", "Wiederherstellung bestritten"],
  "restoration.mail_failed": ["Code could not be mailed", "Code konnte nicht gesendet werden"],
  "restoration.refused": ["Wrong restore code", "Falscher Wiederherstellungscode"],
  "restoration.requested": ["Restoration begun", "Wiederherstellung begonnen"],
  "restore.barred": ["Restore barred", "Wiederherstellung gesperrt"],
  "restore.code_issued": ["One-time code issued", "Einmalcode ausgestellt"],
  "restore.code_locked": ["Code locked after wrong guesses", "Code nach Fehlversuchen gesperrt"],
  "restore.code_replaced": ["Restore code replaced", "Wiederherstellungscode ersetzt"],
  "restore.code_revealed": ["Code revealed to an administrator", "Code der Administration angezeigt"],
  "restore.code_send_failed": ["Kept code could not be mailed", "Aufbewahrter Code konnte nicht gesendet werden"],
  "restore.code_sent": ["Kept code mailed", "Aufbewahrter Code gesendet"],
  "restore.code_shown": ["Code shown on a device", "Code auf einem Gerät angezeigt"],
  "restore.disabled": ["Restore disabled", "Wiederherstellung ausgeschaltet"],
  "restore.enabled": ["Restore enabled", "Wiederherstellung eingeschaltet"],
  "restore.proven": ["Code tested by the user", "Code von der Person getestet"],
  "restore.unbarred": ["Restore allowed again", "Wiederherstellung wieder erlaubt"],
  "reveal.ordered": ["Revealing the code ordered", "Anzeigen des Codes angeordnet"],
  "send.ordered": ["Sending the code ordered", "Senden des Codes angeordnet"],
  "unbarring.ordered": ["Allowing restore again ordered", "Aufheben der Sperre angeordnet"],
  "unpairing.ordered": ["Unpairing ordered", "Entkoppeln angeordnet"],
  "verification_key.changed": ["PIN or biometrics set", "PIN oder Biometrie eingerichtet"],
  "verification_key.removed": ["PIN or biometrics removed", "PIN oder Biometrie entfernt"],
};
const SECOND = /^second_email\./;
const SECOND_ADDRESS = { en: "second address", de: "zweite Adresse" };

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
  const name = NAMES[type.replace(SECOND, "email.")]?.[language.value === "de" ? 1 : 0];
  if (!name) return type;
  return SECOND.test(type) ? `${name} (${SECOND_ADDRESS[language.value]})` : name;
}
