// What the administrators' routes answer (docs/openapi.json).
export type RestoreStatus = "off" | "awaiting_email" | "enabled" | "disabled_by_admin";
export const RESTORE_STATUSES: RestoreStatus[] = ["enabled", "awaiting_email", "off", "disabled_by_admin"];
export type Lack = "restore" | "confirmed_address" | "working_address" | "proven_code" | "second_device" | "verification_key";
export const LACKS: Lack[] = ["restore", "confirmed_address", "working_address", "proven_code", "second_device", "verification_key"];

export interface Listed {
  identity: string;
  restore: RestoreStatus;
  devices: number;
  lacks: Lack[];
}

export interface IdentityPage {
  identities: Listed[];
  cursor: string | null;
}

export interface Device {
  id: string;
  name: string;
  platform: "ios" | "android" | "other";
  paired_at: string | null;
  last_seen_at: string | null;
  paired_by: "creation" | "restoration" | "pairing";
  held_until: string | null;
  verification: boolean;
}

export interface Restoration {
  id: string;
  status: string;
  created_at: string;
  expires_at: string;
  ready_at: string | null;
  device: Pick<Device, "id" | "name" | "platform">;
}

export interface AuditEvent {
  id: string | null;
  seq: number;
  hash: string;
  at: string;
  type: string;
  device: string | null;
  source: string | null;
  detail: Record<string, unknown> | null;
  identity?: string | null;
}

export interface EventPage {
  events: AuditEvent[];
  cursor: string | null;
}

export interface Overview {
  identity: string;
  created_at: string;
  email_hint: string | null;
  email_confirmed: boolean;
  email_pending: { email_hint: string; expires_at: string } | null;
  second_email_hint: string | null;
  email_bounced_at: string | null;
  email_pending_bounced_at: string | null;
  second_email_bounced_at: string | null;
  sign_in_count: number;
  restore: {
    status: RestoreStatus;
    code_label: string | null;
    enabled_at: string | null;
    last_proven_at: string | null;
    code_kept: boolean;
  };
  devices: Device[];
  restorations: Restoration[];
  events: AuditEvent[];
  issued_code: { code_label: string; issued_at: string; expires_at: string } | null;
}

export interface Code {
  restore_code: string;
  code_label: string;
  qr: { uri: string; svg: string };
  expires_at?: string;
}

export interface Approval {
  id: string;
  act: "policy" | "send" | "reveal" | "issue" | "unbarring" | "last_unpairing";
  identity: string | null;
  reason: string | null;
  request: { method: string; path: string; query: Record<string, string>; body: unknown };
  asked_by: string;
  asked_by_name: string;
  asked_at: string;
  expires_at: string;
  approved_by: string | null;
  approved_by_name: string | null;
}

export interface Policy {
  restore_enabled: boolean;
  enforce_on_creation: boolean;
  require_verification_key: boolean;
  two_person_approval: boolean;
  keep_sealed_codes: boolean;
  pairing_enabled: boolean;
  unpair_others_on_restore: boolean;
  unpair_others_on_pairing: boolean;
  prompt_at_sign_in: number;
  max_devices: number;
  waiting_hours: number;
  hold_hours: number;
  email_domains: string[] | null;
}

export interface Effect {
  locked_out: number;
  obliged: number;
}

type Hindrance = "off" | "barred" | "address_not_confirmed" | "mail_bounced";

export interface Standing {
  identities: number;
  restorable: number;
  not_restorable: Record<Hindrance, number>;
  at_risk: { code_never_proven: number; only_one_device: number };
}

export interface Readiness extends Standing {
  at: string;
  forbidden_by_policy: number;
  without_verification_key: number;
  history: (Standing & { day: string; at: string })[];
}
