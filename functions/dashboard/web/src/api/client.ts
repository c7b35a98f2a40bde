// The one way to the administrators' routes. Every error is an ApiProblem whose `detail` may be shown as it is.
import { SERVER } from "../session/config";
import { SessionOver, token } from "../session/session";
import { language, texts } from "../texts";

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

export interface Request {
  method?: "GET" | "POST" | "PUT";
  query?: Record<string, string | null | undefined>;
  body?: unknown;
  ifMatch?: string;
  approval?: string;
  accept?: string;
}

export interface Reply<T> {
  status: number;
  data: T;
  etag: string | null;
  /** Where the next part is (RFC 8288). */
  next: string | null;
}

/** Ask below `/v1/admin`; `path` has its parts encoded by `at`. */
export async function ask<T>(path: string, request: Request = {}): Promise<Reply<T>> {
  const url = new URL(`${SERVER}/v1/admin${path}`);
  for (const [name, value] of Object.entries(request.query ?? {})) if (value) url.searchParams.set(name, value);
  const headers = new Headers({
    Authorization: `Bearer ${await freshToken()}`,
    "Accept-Language": language.value,
    Accept: request.accept ?? "application/json",
  });
  if (request.body !== undefined) headers.set("Content-Type", "application/json");
  if (request.ifMatch) headers.set("If-Match", request.ifMatch);
  if (request.approval) headers.set("Approval", request.approval);
  const answer = await sent(url, {
    method: request.method ?? "GET",
    headers,
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  if (!answer.ok) throw await problemOf(answer);
  const text = await answer.text();
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  return {
    status: answer.status,
    data: (isJson && text ? JSON.parse(text) : text) as T,
    etag: answer.headers.get("ETag"),
    next: /<([^>]+)>\s*;\s*rel="next"/.exec(answer.headers.get("Link") ?? "")?.[1] ?? null,
  };
}

/** A path from its parts. */
export function at(...parts: string[]): string {
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

async function freshToken(): Promise<string> {
  try {
    return await token();
  } catch (error) {
    if (error instanceof SessionOver) throw new ApiProblem("token_invalid", texts().problems.sessionOver, 401);
    throw error;
  }
}

async function sent(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new ApiProblem("unreachable", texts().problems.unreachable);
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
