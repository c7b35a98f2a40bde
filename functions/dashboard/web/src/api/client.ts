// The one way to the administrators' routes. Every error is an ApiProblem whose `detail` may be shown as it is.
import { SERVER } from "../session/config";
import { SessionOver, token } from "../session/session";
import { language, texts } from "../texts";
import type { Routes } from "./generated";

export class ApiProblem extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status = 0,
    readonly errors: { field: string; message: string }[] = [],
  ) {
    super(detail);
  }

  /** Whether a new sign-in mends it. */
  get wantsSignIn(): boolean {
    return this.code === "reauthentication_required" || this.code === "token_invalid";
  }
}

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
  const onlyReads = method === "GET" || wanted.query?.["dry_run"] === "true";
  const answer = await sent(url, onlyReads, {
    method,
    headers,
    ...(wanted.body === undefined ? {} : { body: JSON.stringify(wanted.body) }),
  });
  if (!answer.ok) throw await problemOf(answer);
  const text = await answer.text();
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
    throw error;
  }
}

/** What only reads has changed nothing; anything else may have been done before its answer was lost. */
async function sent(url: URL, onlyReads: boolean, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    const { problems } = texts();
    throw new ApiProblem("unreachable", onlyReads ? problems.unreachable : problems.unanswered);
  }
}

async function problemOf(answer: Response): Promise<ApiProblem> {
  try {
    const { code, detail, errors } = (await answer.json()) as Partial<ApiProblem>;
    if (code === "token_invalid") return new ApiProblem(code, texts().problems.sessionOver, answer.status);
    return new ApiProblem(String(code), String(detail), answer.status, errors);
  } catch {
    return new ApiProblem("unreadable", texts().problems.unreadable(answer.status), answer.status);
  }
}

export function problemFrom(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  console.error(error);
  return new ApiProblem("unexpected", texts().problems.unexpected);
}
