// What a role may do. The server decides; here it is only not offered.
export const ROLES = ["auditor", "helpdesk", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** The most powerful of a person's groups, which an id token has as a list. */
export function roleOf(groups: unknown): Role | null {
  const names: unknown[] = Array.isArray(groups) ? groups : [];
  return [...ROLES].reverse().find((role) => names.includes(role)) ?? null;
}

/** Each may do what those before it may. */
export function may(role: Role | null, needed: Role): boolean {
  return role !== null && ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
