// The names under which views know the documents of the API. All of them are made from docs/openapi.json (types.mjs).
import type { CodeIssued, CodeRevealed, IdentityListed, IdentityOverview } from "./generated";

export type {
  Approval,
  AuditedEvent,
  AuditedEvents,
  Device,
  Event,
  Identities,
  IdentityOverview,
  PolicyShown,
  PolicyTried,
  Readiness,
  Restoration,
  WholePolicy,
} from "./generated";

export type Code = CodeRevealed | CodeIssued;

export type RestoreStatus = IdentityOverview["restore"]["status"];
export const RESTORE_STATUSES: RestoreStatus[] = ["enabled", "awaiting_email", "off", "disabled_by_admin"];

export type Lack = IdentityListed["lacks"][number];
export const LACKS: Lack[] = [
  "restore",
  "confirmed_address",
  "working_address",
  "proven_code",
  "second_device",
  "verification_key",
];

/** Numbers of devices, of each of which there is a list of those who have more. */
export const DEVICES_OVER = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
