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
  ProblemCode,
  Readiness,
  Restoration,
  WholePolicy,
} from "./generated";

export type Code = CodeRevealed | CodeIssued;

export type RestoreStatus = IdentityOverview["restore"]["status"];
export const RESTORE_STATUSES = every<RestoreStatus>({ enabled: 0, awaiting_email: 0, off: 0, disabled_by_admin: 0 });

export type Lack = IdentityListed["lacks"][number];
export const LACKS = every<Lack>({
  restore: 0,
  confirmed_address: 0,
  working_address: 0,
  proven_code: 0,
  second_device: 0,
  verification_key: 0,
});

/** Numbers of devices, of each of which there is a list of those who have more. */
export const DEVICES_OVER = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** The words of a union in this order: none can be left out, so that a new one in the API's document is offered, too. */
function every<T extends string>(words: Record<T, 0>): T[] {
  return Object.keys(words) as T[];
}
