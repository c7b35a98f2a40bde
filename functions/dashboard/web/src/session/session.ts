// Signing in at the deployment's own pool: authorization code with PKCE (RFC 7636), state and nonce (OpenID Connect Core).
// Tokens live in this module's memory alone. What waits in the session storage while somebody is at the sign-in page (the
// verifier, where to go back to) is worth nothing without the code that comes back with it.
import { Cell } from "../cell";
import { arrive } from "../router";
import { type Config, ROOT, fetchConfig } from "./config";
import { forgetDraftsOfOthers } from "./drafts";
import { type Role, roleOf } from "./roles";

export interface Person {
  sub: string;
  name: string;
  role: Role | null;
}

export type Session =
  | { state: "starting" }
  | { state: "out" }
  | { state: "failed"; why: "refused" | "answer" | "unreachable"; detail?: string }
  | { state: "in"; person: Person };

interface Tokens {
  id: string;
  refresh: string | undefined;
  until: number;
}

interface Begun {
  state: string;
  nonce: string;
  verifier: string;
  back: string;
}

/** The pool will not give another token without a new sign-in. */
export class SessionOver extends Error {}

export const session = new Cell<Session>({ state: "starting" });
export const serverName = new Cell("");

const BEGUN = "sign-in begun";
const LEFT = "signed out";
const AGAIN = "sign in again";
const LEEWAY = 60_000;

let config: Config | undefined;
let tokens: Tokens | undefined;
let refreshing: Promise<void> | undefined;

const home = ROOT.href;

/** Find out where in all this we are: back from the sign-in page, just signed out, or new. */
export async function start(): Promise<void> {
  const query = new URLSearchParams(location.search);
  try {
    config = await fetchConfig();
  } catch {
    session.set({ state: "failed", why: "unreachable" });
    return;
  }
  serverName.set(config.name);
  if (query.has("code") || query.has("error")) {
    await comeBack(config, query);
  } else if (taken(LEFT) !== null) {
    session.set({ state: "out" });
  } else {
    await signIn(taken(AGAIN) ?? location.hash);
  }
}

/** Go to the sign-in page. A session at the pool brings one straight back. */
export async function signIn(back: string = location.hash): Promise<void> {
  if (!config) {
    location.reload();
    return;
  }
  const begun: Begun = { state: random(), nonce: random(), verifier: random(), back };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(begun.verifier));
  location.assign(
    address("/oauth2/authorize", {
      response_type: "code",
      redirect_uri: home,
      scope: "openid email profile",
      state: begun.state,
      nonce: begun.nonce,
      code_challenge: base64url(new Uint8Array(challenge)),
      code_challenge_method: "S256",
    }),
  );
}

/** Sign in anew, with password and second factor, and come back to this place: for acts that want a fresh sign-in.
 * The classic sign-in pages know no `prompt=login`, so the pool's own session is ended first. */
export function signInAgain(): void {
  sessionStorage.setItem(AGAIN, location.hash);
  leave();
}

/** End the session here and at the pool, and see that the refresh token is good for nothing any more. */
export async function signOut(): Promise<void> {
  const refresh = tokens?.refresh;
  tokens = undefined;
  sessionStorage.clear();
  sessionStorage.setItem(LEFT, "yes");
  if (refresh && config) {
    const body = new URLSearchParams({ token: refresh, client_id: config.client });
    await fetch(`${config.sign_in}/oauth2/revoke`, { method: "POST", body }).catch(() => undefined);
  }
  leave();
}

function leave(): void {
  location.assign(address("/logout", { logout_uri: home }));
}

/** A token that is good for a while yet. Throws SessionOver where there is none to be had. */
export async function token(): Promise<string> {
  if (tokens && tokens.until - LEEWAY > Date.now()) return tokens.id;
  refreshing ??= refresh().finally(() => {
    refreshing = undefined;
  });
  await refreshing;
  if (!tokens) throw new SessionOver();
  return tokens.id;
}

async function refresh(): Promise<void> {
  const old = tokens?.refresh;
  if (!old || !config) throw new SessionOver();
  const given = await ask(config, { grant_type: "refresh_token", refresh_token: old });
  if (!given) throw new SessionOver();
  take(given, old);
}

async function comeBack(to: Config, query: URLSearchParams): Promise<void> {
  const begun = JSON.parse(taken(BEGUN) ?? "null") as Begun | null;
  // the code must not stay in the address, nor in the browser's history
  history.replaceState(null, "", home + (begun?.back ?? ""));
  arrive();
  if (!begun || query.get("state") !== begun.state) {
    session.set({ state: "failed", why: "answer" }); // not what was begun here: somebody else's code, or an old page
    return;
  }
  const code = query.get("code");
  if (code === null) {
    session.set({ state: "failed", why: "refused", detail: query.get("error_description") ?? query.get("error") ?? "" });
    return;
  }
  const given = await ask(to, { grant_type: "authorization_code", code, redirect_uri: home, code_verifier: begun.verifier });
  const claims = given && claimsOf(given.id_token);
  if (!given || !claims || claims["nonce"] !== begun.nonce || claims["aud"] !== to.client || claims["token_use"] !== "id") {
    session.set({ state: "failed", why: "answer" });
    return;
  }
  take(given, given.refresh_token);
  const { sub, email } = claims;
  const person = { sub: String(sub), name: String(email ?? claims["cognito:username"] ?? sub), role: roleOf(claims["cognito:groups"]) };
  forgetDraftsOfOthers(person.sub);
  session.set({ state: "in", person });
}

interface Given {
  id_token: string;
  refresh_token?: string;
}

/** Ask the pool for tokens; it alone answers here, over its own connection, so its signature need not be checked
 * (OpenID Connect Core, 3.1.3.7). The server checks it at every request. */
async function ask(at: Config, what: Record<string, string>): Promise<Given | undefined> {
  const body = new URLSearchParams({ client_id: at.client, ...what });
  try {
    const answer = await fetch(`${at.sign_in}/oauth2/token`, { method: "POST", body });
    return answer.ok ? ((await answer.json()) as Given) : undefined;
  } catch {
    return undefined;
  }
}

function take(given: Given, refresh: string | undefined): void {
  const until = Number(claimsOf(given.id_token)["exp"]) * 1000;
  tokens = { id: given.id_token, refresh: given.refresh_token ?? refresh, until };
}

function claimsOf(jwt: string): Record<string, unknown> {
  const middle = (jwt.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(middle), (symbol) => symbol.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

function address(path: string, query: Record<string, string>): string {
  return `${config?.sign_in}${path}?${new URLSearchParams({ client_id: config?.client ?? "", ...query })}`;
}

function taken(key: string): string | null {
  const value = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  return value;
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
