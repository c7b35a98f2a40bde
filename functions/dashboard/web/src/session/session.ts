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
  /** `leaving`: the pool's own session is being ended. `unrevoked`: the pool did not say that the tokens are worthless. */
  | { state: "out"; leaving?: boolean; unrevoked?: boolean }
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
  /** Whether somebody asked for it, to go on with what they had begun: not a page that was only opened or loaded again. */
  goesOn: boolean;
}

/** The pool will not give another token without a new sign-in. */
export class SessionOver extends Error {}
/** The pool gave no answer, so nothing is known of the session: it may go on in a moment. */
export class PoolUnreachable extends Error {}

export const session = new Cell<Session>({ state: "starting" });
export const serverName = new Cell("");
/** Whether the pool has said that the session is over. What was written on the screen stays there. */
export const hasEnded = new Cell(false);

const BEGUN = "sign-in begun";
const LEFT = "signed out";
const UNREVOKED = "unrevoked";
const AGAIN = "sign in again";
const LEEWAY = 60_000;
/** So far may the clock of this machine be wrong. */
const SKEW = 300_000;
/** Nobody waits longer for the pool when they want to go. */
const PATIENCE = 3000;
/** Other tabs of this dashboard in this browser. */
const tabs = new BroadcastChannel(`sign-out ${ROOT.pathname}`);

let config: Config | undefined;
let tokens: Tokens | undefined;
let refreshing: Promise<void> | undefined;
let cameBackTo: string | undefined;

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
  } else if (sessionStorage.getItem(LEFT) !== null) {
    session.set({ state: "out", unrevoked: taken(LEFT) === UNREVOKED });
  } else {
    const again = taken(AGAIN);
    await signIn(again ?? location.hash, again !== null);
  }
}

/** Go to the sign-in page. A session at the pool brings one straight back. */
export async function signIn(back: string = location.hash, goesOn = true): Promise<void> {
  if (!config) {
    location.reload();
    return;
  }
  sessionStorage.removeItem(LEFT);
  const begun: Begun = { state: random(), nonce: random(), verifier: random(), back, goesOn };
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
  void revoked(tokens?.refresh);
  leave();
}

/** End the session here, in the other tabs and at the pool, and see that the refresh token is good for nothing any more.
 * The screen is taken down before anything is waited for: whoever presses this may walk away at once. */
export async function signOut(): Promise<void> {
  tabs.postMessage("out");
  const done = over(true);
  if (!(await done)) sessionStorage.setItem(LEFT, UNREVOKED);
  leave();
}

tabs.addEventListener("message", () => {
  if (session.value.state === "in") void over(false);
});

/** Take the screen down, forget everything, and tell the pool; whether that was heard. */
function over(leaving: boolean): Promise<boolean> {
  const refresh = tokens?.refresh;
  tokens = undefined;
  sessionStorage.clear();
  sessionStorage.setItem(LEFT, "yes");
  session.set({ state: "out", leaving });
  return revoked(refresh);
}

/** Make a refresh token worthless, even while the page is being left. That a page may read the answer is documented of
 * the pool's token endpoint alone: where it may not, it is enough that it was heard. */
async function revoked(refresh: string | undefined): Promise<boolean> {
  if (!refresh || !config) return true;
  const body = new URLSearchParams({ token: refresh, client_id: config.client });
  const init: RequestInit = { method: "POST", body, keepalive: true, signal: AbortSignal.timeout(PATIENCE) };
  const where = `${config.sign_in}/oauth2/revoke`;
  try {
    return (await fetch(where, init)).ok;
  } catch {
    return fetch(where, { ...init, mode: "no-cors" }).then(() => true, () => false);
  }
}

function leave(): void {
  location.assign(address("/logout", { logout_uri: home }));
}

/** Whether a sign-in that somebody asked for has just brought them back to this very place, to go on there. */
export function isBackHere(): boolean {
  return cameBackTo !== undefined && cameBackTo === location.hash;
}

addEventListener("hashchange", () => {
  cameBackTo = undefined;
});

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
  const old = tokens;
  if (!old?.refresh || !config) throw new SessionOver();
  const given = await ask(config, { grant_type: "refresh_token", refresh_token: old.refresh });
  if (tokens !== old) throw new SessionOver(); // signed out while the pool was asked
  const claims = given && goodClaims(given, config);
  if (!claims || claims["sub"] !== claimsOf(old.id)["sub"]) {
    tokens = undefined;
    hasEnded.set(true);
    throw new SessionOver();
  }
  take(given, old.refresh);
  const before = session.value;
  const person = personOf(claims);
  const same = before.state === "in" && before.person.role === person.role && before.person.name === person.name;
  if (before.state === "in" && !same) session.set({ state: "in", person });
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
  let given: Given | undefined;
  try {
    given = await ask(to, { grant_type: "authorization_code", code, redirect_uri: home, code_verifier: begun.verifier });
  } catch {
    session.set({ state: "failed", why: "unreachable" });
    return;
  }
  const claims = given && goodClaims(given, to);
  if (!given || !claims || claims["nonce"] !== begun.nonce) {
    session.set({ state: "failed", why: "answer" });
    return;
  }
  take(given, given.refresh_token);
  const person = personOf(claims);
  forgetDraftsOfOthers(person.sub);
  if (begun.goesOn) cameBackTo = begun.back;
  session.set({ state: "in", person });
}

interface Given {
  id_token: string;
  refresh_token?: string;
}

type Claims = Record<string, unknown>;

/** Ask the pool for tokens; it alone answers here, over its own connection, so its signature need not be checked
 * (OpenID Connect Core, 3.1.3.7). The server checks it at every request. Undefined: it refuses. */
async function ask(at: Config, what: Record<string, string>): Promise<Given | undefined> {
  const body = new URLSearchParams({ client_id: at.client, ...what });
  let answer: Response;
  try {
    answer = await fetch(`${at.sign_in}/oauth2/token`, { method: "POST", body });
    if (answer.ok) return (await answer.json()) as Given;
  } catch {
    throw new PoolUnreachable();
  }
  if (answer.status < 400 || answer.status >= 500 || answer.status === 429) throw new PoolUnreachable();
  return undefined;
}

function take(given: Given, refresh: string | undefined): void {
  const until = Number(claimsOf(given.id_token)["exp"]) * 1000;
  tokens = { id: given.id_token, refresh: given.refresh_token ?? refresh, until };
}

/** What the id token says, if it is one for this client and good now. */
function goodClaims(given: Given, at: Config): Claims | undefined {
  const claims = claimsOf(given.id_token);
  const good = claims["aud"] === at.client && claims["token_use"] === "id" && Number(claims["exp"]) * 1000 + SKEW > Date.now();
  return good ? claims : undefined;
}

function personOf(claims: Claims): Person {
  const { sub, email } = claims;
  return { sub: String(sub), name: String(email ?? claims["cognito:username"] ?? sub), role: roleOf(claims["cognito:groups"]) };
}

function claimsOf(jwt: string): Claims {
  const middle = (jwt.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(middle), (symbol) => symbol.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
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
