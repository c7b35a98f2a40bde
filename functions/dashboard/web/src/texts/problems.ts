// Why the server refused an act, in a sentence, for those who read the log. Each code of docs/openapi.json has one, or this does
// not compile; the code of a later release is shown as it is.
import type { ProblemCode } from "../api/types";
import { type Language, language } from "./index";

const WHY: Record<ProblemCode, Record<Language, string>> = {
  malformed: { en: "The request could not be read.", de: "Die Anfrage ließ sich nicht lesen." },
  signature_missing: { en: "The request was not signed.", de: "Die Anfrage war nicht unterschrieben." },
  signature_invalid: { en: "The signature did not hold.", de: "Die Unterschrift stimmte nicht." },
  signature_expired: {
    en: "The request was signed too long ago, or a clock was wrong.",
    de: "Die Anfrage wurde vor zu langer Zeit unterschrieben, oder eine Uhr ging falsch.",
  },
  signature_replayed: { en: "The same request had arrived before.", de: "Dieselbe Anfrage war schon einmal angekommen." },
  not_paired: { en: "The device did not belong to the identity.", de: "Das Gerät gehörte nicht zu der Identität." },
  verification_required: { en: "PIN or biometrics were missing.", de: "PIN oder Biometrie fehlten." },
  token_invalid: { en: "The sign-in was not valid.", de: "Die Anmeldung war nicht gültig." },
  reauthentication_required: {
    en: "The sign-in was too long ago for an act.",
    de: "Die Anmeldung war für diesen Vorgang zu lange her.",
  },
  restore_refused: {
    en: "Name and code did not fit, or restore was off or barred.",
    de: "Name und Code passten nicht zusammen, oder die Wiederherstellung war aus oder gesperrt.",
  },
  wrong_code: { en: "The code was wrong.", de: "Der Code war falsch." },
  not_allowed: {
    en: "Role or policy did not allow it, or the approval did not hold.",
    de: "Rolle oder Regeln erlaubten es nicht, oder die Freigabe galt nicht.",
  },
  not_found: { en: "What it was about was not there.", de: "Worum es ging, gab es nicht." },
  identity_taken: { en: "The name was taken.", de: "Der Name war vergeben." },
  device_exists: {
    en: "The device's key had belonged to the identity before.",
    de: "Der Schlüssel des Geräts hatte schon einmal zu der Identität gehört.",
  },
  email_required: { en: "There was no address.", de: "Es gab keine Adresse." },
  email_confirmed: { en: "The address was already confirmed.", de: "Die Adresse war schon bestätigt." },
  restore_not_enabled: { en: "Restore was not enabled.", de: "Die Wiederherstellung war nicht eingeschaltet." },
  last_device: {
    en: "It was the last device, and restore was not enabled.",
    de: "Es war das letzte Gerät, und die Wiederherstellung war nicht eingeschaltet.",
  },
  code_not_kept: { en: "The server does not keep the code.", de: "Der Server bewahrt den Code nicht auf." },
  email_not_confirmed: { en: "There was no confirmed address.", de: "Es gab keine bestätigte Adresse." },
  limit_reached: { en: "A limit was reached.", de: "Eine Grenze war erreicht." },
  expired: { en: "The time for it was over.", de: "Die Zeit dafür war abgelaufen." },
  cancelled: { en: "It had been cancelled.", de: "Es war schon abgebrochen." },
  used: { en: "It was already completed.", de: "Es war schon abgeschlossen." },
  attempts_exhausted: { en: "The code had been wrong too often.", de: "Der Code war zu oft falsch." },
  stale: { en: "Somebody else had changed it meanwhile.", de: "Jemand anderes hatte es inzwischen geändert." },
  too_large: { en: "The request was too large.", de: "Die Anfrage war zu groß." },
  not_json: { en: "The request was of a kind that is not accepted.", de: "Die Anfrage war von einer Art, die nicht angenommen wird." },
  invalid: { en: "Something in the request was wrong.", de: "Etwas in der Anfrage war falsch." },
  code_mistyped: { en: "The code was mistyped.", de: "Der Code war falsch abgetippt." },
  if_match_required: {
    en: "The request did not say which version it changes.",
    de: "Die Anfrage sagte nicht, welche Version sie ändert.",
  },
  too_many_requests: { en: "It was too often in too short a time.", de: "Es war zu oft in zu kurzer Zeit." },
  unavailable: { en: "A part of the service did not work.", de: "Ein Teil des Dienstes war gestört." },
};

/** The sentence of a code; nothing where this release knows none. */
export function whyRefused(code: string): string | undefined {
  return Object.hasOwn(WHY, code) ? WHY[code as ProblemCode][language.value] : undefined;
}
