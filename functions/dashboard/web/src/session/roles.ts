// What a role may do. The server decides; here it is only not offered.
export const ROLES = ["auditor", "helpdesk", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** The most powerful of a person's groups: a list, or one text (`[a b]`, `a,b`). */
export function roleOf(groups: unknown): Role | null {
  const names = Array.isArray(groups) ? groups.map(String) : String(groups ?? "").split(/[[\], ]+/);
  return [...ROLES].reverse().find((role) => names.includes(role)) ?? null;
}

/** Each may do what those before it may. */
export function may(role: Role | null, needed: Role): boolean {
  return role !== null && ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
