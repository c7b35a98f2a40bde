// The one way to the administrators' routes. Every error is an ApiProblem whose `detail` may be shown as it is.
import { SERVER } from "../session/config";
import { forgetAsked } from "../session/asked";
import { PoolUnreachable, SessionOver, hasEnded, token } from "../session/session";
import { inAWhile, language, texts } from "../texts";
import type { Routes } from "./generated";

export class ApiProblem extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status = 0,
    readonly errors: { field: string; message: string }[] = [],
    /** The rule that forbids it, where policy does. */
    readonly policy?: string,
  ) {
    super(detail);
  }

  /** Whether a new sign-in mends it. */
  get wantsSignIn(): boolean {
    return this.code === "reauthentication_required" || this.code === "token_invalid";
  }

  /** Whether an act was sent whose answer never came: it may have been done all the same. Whoever acted then reads again
   * what it was about, and looks before repeating it. */
  get mayHaveHappened(): boolean {
    return this.code === LOST;
  }
}

const LOST = "lost";

type Query = Record<string, string | null | undefined>;

interface More {
  ifMatch?: string | undefined;
  approval?: string | undefined;
  accept?: string;
}

/** What a route wants: the parts of its path, its query, its body, each where it has one. */
type Wanted<R extends keyof Routes> = More & { query?: { [name in Routes[R]["query"]]?: string | null | undefined } } & ([
    Routes[R]["variables"],
  ] extends [never]
    ? unknown
    : { path: Record<Routes[R]["variables"], string> }) &
  (Routes[R]["body"] extends undefined ? unknown : { body: Routes[R]["body"] });

export interface Headers {
  etag: string | null;
  /** Where the next part is (RFC 8288). */
  next: string | null;
}

/** Ask one of the routes of docs/openapi.json, which says what it takes and answers. */
export async function ask<R extends keyof Routes>(
  route: R,
  ...[wanted]: object extends Wanted<R> ? [wanted?: Wanted<R>] : [wanted: Wanted<R>]
): Promise<Routes[R]["answer"] & Headers> {
  const [method = "", template = ""] = route.split(" ");
  const { path = {}, ...more } = (wanted ?? {}) as { path?: Record<string, string> };
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  return (await send(method, filled, more)) as Routes[R]["answer"] & Headers;
}

/** Send what is only known as it is sent: an approved request again, or a wish for another form than JSON. */
export async function send(
  method: string,
  path: string,
  wanted: More & { query?: Query; body?: unknown } = {},
): Promise<{ status: number; data: unknown } & Headers> {
  const url = new URL(`${SERVER}/v1/admin${path}`);
  for (const [name, value] of Object.entries(wanted.query ?? {})) if (value) url.searchParams.set(name, value);
  const headers: Record<string, string> = {
    Authorization: `Bearer ${await freshToken()}`,
    "Accept-Language": language.value,
    Accept: wanted.accept ?? "application/json",
  };
  if (wanted.body !== undefined) headers["Content-Type"] = "application/json";
  if (wanted.ifMatch) headers["If-Match"] = wanted.ifMatch;
  if (wanted.approval) headers["Approval"] = wanted.approval;
  const acts = method !== "GET" && !wanted.query?.["dry_run"];
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, { method, headers, ...(wanted.body === undefined ? {} : { body: JSON.stringify(wanted.body) }) });
    text = await answer.text();
  } catch {
    throw acts ? lost() : new ApiProblem("unreachable", texts().problems.unreachable);
  }
  if (!answer.ok) throw problemOf(answer, text, acts);
  if (wanted.approval && answer.status !== 202) forgetAsked(wanted.approval);
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  return {
    status: answer.status,
    data: isJson && text ? JSON.parse(text) : text,
    etag: answer.headers.get("ETag"),
    next: /<([^>]+)>\s*;\s*rel="next"/.exec(answer.headers.get("Link") ?? "")?.[1] ?? null,
  };
}

async function freshToken(): Promise<string> {
  try {
    return await token();
  } catch (error) {
    if (error instanceof SessionOver) throw new ApiProblem("token_invalid", texts().problems.sessionOver, 401);
    // nothing was sent yet
    if (error instanceof PoolUnreachable) throw new ApiProblem("unreachable", texts().problems.unreachable);
    throw error;
  }
}

function lost(status = 0): ApiProblem {
  return new ApiProblem(LOST, texts().problems.unanswered, status);
}

/** Of the gateway, when the function behind it did not answer in time or not readably: it may have acted. */
const NO_ANSWER = [500, 502, 504];

function problemOf(answer: Response, text: string, acts: boolean): ApiProblem {
  const { status } = answer;
  const { code, detail, errors, policy } = membersOf(text);
  if (code === "token_invalid") {
    hasEnded.set(true);
    return new ApiProblem(code, texts().problems.sessionOver, status);
  }
  if (acts && !code && NO_ANSWER.includes(status)) return lost(status);
  const after = waitOf(answer);
  const said = typeof detail === "string" ? detail : texts().problems.unreadable(status);
  const whole = after === undefined ? said : `${said} ${texts().problems.after(inAWhile(after))}`;
  return new ApiProblem(String(code ?? "unreadable"), whole, status, Array.isArray(errors) ? errors : [], policy);
}

function membersOf(text: string): Partial<ApiProblem> {
  try {
    return (JSON.parse(text) as Partial<ApiProblem> | null) ?? {};
  } catch {
    return {};
  }
}

/** In how many seconds it may be tried again, where the server says so (RFC 9110, 10.2.3). */
function waitOf({ status, headers }: Response): number | undefined {
  const said = headers.get("Retry-After");
  if (said === null || (status !== 429 && status !== 503)) return undefined;
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : undefined;
}

export function problemFrom(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  console.error(error);
  return new ApiProblem("unexpected", texts().problems.unexpected);
}
