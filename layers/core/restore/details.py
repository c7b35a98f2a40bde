"""What a refusal says to a person: one or two sentences for each code of the catalogue, and what to do next.

Data alone, imported only when something is refused. A sentence repeats nothing of the request and tells nothing that
its code does not: `restore_refused` and `not_paired` have many causes and one text.
"""

from __future__ import annotations

from typing import Final

from restore.languages import DEFAULT

DETAILS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "malformed": (
            "The app sent something that cannot be read. Please try again; if it happens again, update the app."
        ),
        "signature_missing": "The app did not sign its request. Please update the app and try again.",
        "signature_invalid": (
            "The app's signature does not hold. Please try again; if it happens again, update the app."
        ),
        "signature_expired": (
            "The request was signed too long ago, or the phone's clock is wrong. "
            "Set date and time to automatic and try again."
        ),
        "signature_replayed": "This request has arrived before. Please start the step again in the app.",
        "not_paired": (
            "This device does not belong to the identity, or does not any more. "
            "Restore the identity with your restore code, or pair this device from another one."
        ),
        "verification_required": "Please confirm with your PIN, fingerprint or face, and try again.",
        "token_invalid": "Your sign-in does not hold. Please sign in again.",
        "reauthentication_required": "You signed in too long ago for this. Please sign in again.",
        "restore_refused": (
            "The identity cannot be restored with these details. Check the name and the restore code, "
            "symbol by symbol, and that the code is your latest. If both are right, ask for help where you got the app."
        ),
        "wrong_code": "The code is wrong. Compare it with the latest mail or your sheet of paper and type it again.",
        "not_allowed": (
            "This is not allowed here, or not yet. The app says why where it knows; "
            "otherwise ask whoever runs this server."
        ),
        "not_found": "What you are looking for is not here. Please go back and refresh the app.",
        "identity_taken": "This name is taken. Please choose another one.",
        "device_exists": (
            "This device's key has belonged to the identity before and cannot be used again. "
            "Please start anew in the app: it then makes a new key."
        ),
        "email_required": "An e-mail address is needed first. Please enter one in the app and confirm it.",
        "email_confirmed": (
            "The e-mail address is already confirmed. To use another one, change it in the app's settings."
        ),
        "restore_not_enabled": "Restore is not enabled for this identity. Please enable it first on a paired device.",
        "last_device": (
            "This is the last device of the identity. Enable restore before you unpair it, or the identity is lost."
        ),
        "code_not_kept": (
            "The server does not keep your restore code, so it cannot be shown again. "
            "If you have lost it, make a new one."
        ),
        "email_not_confirmed": "The e-mail address is not confirmed yet. It has to be confirmed in the app first.",
        "limit_reached": "There cannot be more of these. End or remove one that you no longer need, or start again.",
        "expired": "The time for this is over. Please start again.",
        "cancelled": "This was cancelled. If you still want it, please start again.",
        "used": "This has already been done. If you need it once more, please start again.",
        "attempts_exhausted": "The code was wrong too often and has ended. Please start again to get a new one.",
        "stale": "Somebody else has changed this meanwhile. Load it again and repeat your change.",
        "too_large": "The app sent too much at once. Please shorten what you entered, or update the app.",
        "not_json": "The app sent something of a kind that is not accepted. Please update the app.",
        "invalid": "Something that was entered is not accepted. Please check the marked fields and try again.",
        "code_mistyped": (
            "There is a mistake in the restore code as it was typed. Compare it symbol by symbol and try again; "
            "this did not count as an attempt."
        ),
        "if_match_required": "The request does not say which version it changes. Load it again and repeat your change.",
        "too_many_requests": "That was too often in too short a time. Please wait a while and try again.",
        "unavailable": (
            "Something does not work on our side just now. Nothing was half done; please try again in a moment."
        ),
    },
    "de": {
        "malformed": (
            "Die App hat etwas gesendet, das sich nicht lesen lässt. Bitte versuchen Sie es noch einmal; "
            "wenn es wieder geschieht, aktualisieren Sie die App."
        ),
        "signature_missing": (
            "Die App hat ihre Anfrage nicht unterschrieben. "
            "Bitte aktualisieren Sie die App und versuchen Sie es noch einmal."
        ),
        "signature_invalid": (
            "Die Unterschrift der App stimmt nicht. Bitte versuchen Sie es noch einmal; "
            "wenn es wieder geschieht, aktualisieren Sie die App."
        ),
        "signature_expired": (
            "Die Anfrage wurde vor zu langer Zeit unterschrieben, oder die Uhr des Telefons geht falsch. "
            "Stellen Sie Datum und Uhrzeit auf automatisch und versuchen Sie es noch einmal."
        ),
        "signature_replayed": (
            "Diese Anfrage ist schon einmal angekommen. Bitte beginnen Sie den Schritt in der App von Neuem."
        ),
        "not_paired": (
            "Dieses Gerät gehört nicht oder nicht mehr zu der Identität. Stellen Sie die Identität mit Ihrem "
            "Wiederherstellungscode wieder her, oder koppeln Sie dieses Gerät von einem anderen aus."
        ),
        "verification_required": (
            "Bitte bestätigen Sie mit PIN, Fingerabdruck oder Gesicht und versuchen Sie es noch einmal."
        ),
        "token_invalid": "Ihre Anmeldung gilt nicht. Bitte melden Sie sich neu an.",
        "reauthentication_required": "Ihre Anmeldung ist dafür zu lange her. Bitte melden Sie sich neu an.",
        "restore_refused": (
            "Mit diesen Angaben lässt sich die Identität nicht wiederherstellen. Prüfen Sie Zeichen für Zeichen Namen "
            "und Wiederherstellungscode, und ob es Ihr neuester ist. Stimmt beides, fragen Sie dort um Hilfe, "
            "woher Sie die App haben."
        ),
        "wrong_code": (
            "Der Code ist falsch. Vergleichen Sie ihn mit der neuesten E-Mail oder Ihrem Blatt Papier "
            "und geben Sie ihn noch einmal ein."
        ),
        "not_allowed": (
            "Das ist hier nicht erlaubt, oder noch nicht. Wo die App den Grund kennt, nennt sie ihn; "
            "sonst fragen Sie, wer diesen Server betreibt."
        ),
        "not_found": "Was Sie suchen, gibt es hier nicht. Bitte gehen Sie zurück und laden Sie die App neu.",
        "identity_taken": "Dieser Name ist vergeben. Bitte wählen Sie einen anderen.",
        "device_exists": (
            "Der Schlüssel dieses Geräts hat schon einmal zu der Identität gehört und lässt sich nicht wieder "
            "verwenden. Bitte beginnen Sie in der App von vorn: Sie erzeugt dann einen neuen."
        ),
        "email_required": (
            "Zuerst wird eine E-Mail-Adresse gebraucht. Bitte geben Sie in der App eine ein und bestätigen Sie sie."
        ),
        "email_confirmed": (
            "Die E-Mail-Adresse ist schon bestätigt. "
            "Um eine andere zu verwenden, ändern Sie sie in den Einstellungen der App."
        ),
        "restore_not_enabled": (
            "Für diese Identität ist die Wiederherstellung nicht eingeschaltet. "
            "Bitte schalten Sie sie zuerst auf einem gekoppelten Gerät ein."
        ),
        "last_device": (
            "Das ist das letzte Gerät der Identität. Schalten Sie die Wiederherstellung ein, bevor Sie es entkoppeln, "
            "sonst ist die Identität verloren."
        ),
        "code_not_kept": (
            "Der Server bewahrt Ihren Wiederherstellungscode nicht auf und kann ihn darum nicht noch einmal zeigen. "
            "Wenn Sie ihn verloren haben, erzeugen Sie einen neuen."
        ),
        "email_not_confirmed": (
            "Die E-Mail-Adresse ist noch nicht bestätigt. Sie muss zuerst in der App bestätigt werden."
        ),
        "limit_reached": (
            "Mehr davon sind nicht möglich. Beenden oder entfernen Sie, was Sie nicht mehr brauchen, "
            "oder beginnen Sie von vorn."
        ),
        "expired": "Die Zeit dafür ist abgelaufen. Bitte beginnen Sie von vorn.",
        "cancelled": "Das wurde abgebrochen. Wenn Sie es weiterhin möchten, beginnen Sie bitte von vorn.",
        "used": "Das ist schon geschehen. Wenn Sie es noch einmal brauchen, beginnen Sie bitte von vorn.",
        "attempts_exhausted": (
            "Der Code war zu oft falsch und gilt nicht mehr. "
            "Bitte beginnen Sie von vorn, dann erhalten Sie einen neuen."
        ),
        "stale": "Jemand anderes hat das inzwischen geändert. Laden Sie es neu und wiederholen Sie Ihre Änderung.",
        "too_large": (
            "Die App hat zu viel auf einmal gesendet. Bitte kürzen Sie Ihre Eingabe, oder aktualisieren Sie die App."
        ),
        "not_json": (
            "Die App hat etwas in einer Form gesendet, die nicht angenommen wird. Bitte aktualisieren Sie die App."
        ),
        "invalid": (
            "Etwas von dem, was eingegeben wurde, wird nicht angenommen. "
            "Bitte prüfen Sie die markierten Felder und versuchen Sie es noch einmal."
        ),
        "code_mistyped": (
            "In dem Wiederherstellungscode, wie er eingegeben wurde, steckt ein Fehler. Vergleichen Sie ihn Zeichen "
            "für Zeichen und versuchen Sie es noch einmal; als Versuch hat das nicht gezählt."
        ),
        "if_match_required": (
            "Die Anfrage sagt nicht, welche Fassung sie ändert. Laden Sie sie neu und wiederholen Sie Ihre Änderung."
        ),
        "too_many_requests": (
            "Das war zu oft in zu kurzer Zeit. Bitte warten Sie eine Weile und versuchen Sie es dann noch einmal."
        ),
        "unavailable": (
            "Bei uns funktioniert gerade etwas nicht. Nichts ist halb geschehen; "
            "bitte versuchen Sie es in einem Augenblick noch einmal."
        ),
    },
}
"""Language → code → sentences."""


def detail(code: str, language: str) -> str:
    """Return what the code says to a person; in English where this release does not speak the language.

    Raises KeyError where the catalogue has no such code.
    """
    return DETAILS.get(language, DETAILS[DEFAULT])[code]
