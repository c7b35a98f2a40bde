"""The types of events in an identity's log and in the administrators' own, each with what it tells.

Whoever writes `act.tell("noun.past_participle")` adds a line here; a test names what is missing. An act of an
administrator on an identity has a row in each of the two logs: what was done, and who ordered it (`Order`).
"""

from typing import Final

EVENT_TYPES: Final[dict[str, str]] = {
    "identity.created": "The identity was created; the device is its first.",
    "identity.erased": "Everything about the person was erased.",
    "email.requested": "Another address was asked for and waits for its code.",
    "email.confirmed": "The address was proved with the code mailed to it; there was none before.",
    "email.replaced": "The address was proved, and took the place of the one before.",
    "email.cancelled": "The address that waited for its code waits no more.",
    "email.confirmation_refused": "A wrong code for the address cost an attempt.",
    "email.confirmation_resent": "Another code was mailed to the address.",
    "email.confirmation_failed": "The code for the address could not be mailed; nothing has begun.",
    "email.disputed": "The link in a mail said that the change of the address was not the owner's.",
    "email.bounced": "A mail to the address, or to the one that waits for its code, bounced for good.",
    "email.complained": "A mail to the address, or to the one that waits for its code, was reported as spam there.",
    "second_email.requested": "Another second address was asked for and waits for its code.",
    "second_email.confirmed": "The second address was proved with the code mailed to it; there was none before.",
    "second_email.replaced": "The second address was proved, and took the place of the one before.",
    "second_email.cancelled": "The second address that waited for its code waits no more.",
    "second_email.confirmation_refused": "A wrong code for the second address cost an attempt.",
    "second_email.confirmation_resent": "Another code was mailed to the second address.",
    "second_email.confirmation_failed": "The code for the second address could not be mailed; nothing has begun.",
    "second_email.disputed": "The link in a mail said that the change of the second address was not the owner's.",
    "second_email.bounced": "A mail to the second address, or to the one that waits to be it, bounced for good.",
    "second_email.complained": "The same of the second address: a mail was reported as spam there.",
    "second_email.removed": "The second address was removed, or has become the first.",
    "restore.enabled": "Restore was enabled, or began to work when its address was confirmed.",
    "restore.code_replaced": "A new restore code is in force; every earlier one is dead.",
    "restore.code_locked": "The restore code was guessed at too often and takes no request for a while.",
    "restore.code_shown": "The kept restore code was shown on a paired device.",
    "restore.proven": "A drill: the stored code was the right one.",
    "restore.disabled": "Restore was disabled; every code ended.",
    "restore.barred": "An administrator barred restoring; what was under way ended.",
    "restore.unbarred": "An administrator lifted the bar; the code from before it is good again.",
    "restore.code_sent": "An administrator had the kept restore code mailed to the user's confirmed address.",
    "restore.code_send_failed": "The mail with the kept restore code could not be handed over.",
    "restore.code_revealed": "The kept restore code was shown to an administrator.",
    "restore.code_issued": "An administrator made a one-time restore code, good for some hours beside the user's own.",
    "restoration.requested": "A new device asked for the identity with the right restore code.",
    "restoration.refused": "Somebody knew the beginning of the restore code, and no more.",
    "restoration.code_resent": "Another code was mailed for the restoration.",
    "restoration.mail_failed": "The restoration's code could not be mailed; nothing has begun or ended.",
    "restoration.code_refused": "A wrong e-mail code cost an attempt.",
    "restoration.code_proved": "Both codes were right; the waiting period began.",
    "restoration.approved": "A paired device allowed it: no waiting period.",
    "restoration.cancelled": (
        "It was ended by the new device, a veto, a new code, disabling, unpairing or a way back, by a fourth request, "
        "by the completion of another, or by an administrator, who cancelled it or barred restoring."
    ),
    "restoration.completed": "The new device is bound.",
    "restoration.disputed": "The link in its mail said that this was not the owner.",
    "device.paired": "A device was bound.",
    "device.unpaired": "A device no longer belongs to the identity.",
    "device.disputed": "The link in a mail said that the device is not the owner's.",
    "device.reclaimed": "A device that was set aside threw out those that did it.",
    "device.way_back_ended": "An administrator unpaired a device that was set aside: it cannot come back by itself.",
    "verification_key.changed": "App protection was set or changed.",
    "verification_key.removed": "App protection was removed.",
    "pairing.offered": "A paired device showed a QR code for another.",
    "pairing.used": "The QR code was used.",
    "pairing.cancelled": "The offer was taken back, or ended by newer ones, with its device or with restore.",
    # the administrators' own log
    "policy.changed": "An administrator changed policy.",
    "unpairing.ordered": "An administrator unpaired a device of the identity, or ended its way back.",
    "barring.ordered": "An administrator barred restoring the identity.",
    "unbarring.ordered": "An administrator lifted the bar.",
    "cancellation.ordered": "An administrator cancelled a restoration of the identity.",
    "send.ordered": "An administrator had the kept restore code mailed to the user.",
    "reveal.ordered": "An administrator was shown the kept restore code.",
    "issue.ordered": "An administrator issued a one-time restore code.",
    "approval.requested": "An administrator asked for an act that a second person has to approve.",
    "approval.given": "A second person approved the act; whoever asked may do it, once.",
    "approval.denied": "A second person said no.",
    "act.refused": "An administrator asked for something and was refused; the detail says what, and by which code.",
    "log.signed": "The service signed the entries of a day that is over.",
    "log.verified": (
        "An operator verified the log and had the result written down: whether it is `whole`, how many `events`, "
        "`identities` and signed `days` were checked, and the first `finding`, null where there is none."
    ),
}
