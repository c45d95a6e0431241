// One request to the API: repeated after a network error or a 429, and after a new sign-in.
import { goUnasked, href } from "../route";
import * as session from "../session";
import { Problem } from "./problem";

/** The API's own address: the console is served at its root, with or without a stage. */
export const BASE = new URL(".", location.href).href.replace(/\/$/, "");
const ATTEMPTS = 3;
const TIMEOUT = 30_000;
export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export interface RequestOptions {
  query?: Record<string, unknown> | undefined;
  body?: unknown;
  file?: { content: ArrayBuffer; media: string };
  headers?: Record<string, string> | undefined;
}

/** Send a request and return its JSON. Requests that change something carry a key or a version, so a repeat is safe. */
export async function send<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const url = new URL(BASE + path);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value != null && value !== "") url.searchParams.set(name, String(value));
  }
  const headers = { ...options.headers };
  if (options.file) headers["Content-Type"] = options.file.media;
  else if (options.body !== undefined) headers["Content-Type"] = "application/json";
  const body = options.file?.content ?? (options.body === undefined ? null : JSON.stringify(options.body));

  let refreshed = false;
  for (let attempt = 1; ; attempt++) {
    let response: Response;
    const token = session.accessToken();
    try {
      response = await fetch(url, {
        method: method.toUpperCase(),
        headers: { ...headers, Authorization: `Bearer ${token}` },
        body,
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch {
      if (attempt >= ATTEMPTS) throw new Problem(0, "unreachable");
      await sleep(400 * attempt);
      continue;
    }
    if (response.status === 401) {
      // Another request may have a new token already. Then use it before anything else.
      if (token !== session.accessToken() && session.accessToken()) continue;
      if (!refreshed && (await session.refresh())) refreshed = true;
      else if (await session.signInAgain()) refreshed = false;
      else throw new Problem(401, "session_ended");
      attempt = 0;
      continue;
    }
    if ((response.status === 429 || response.status === 503) && attempt < ATTEMPTS) {
      await sleep(1000 * (Number(response.headers.get("Retry-After")) || 1));
      continue;
    }
    const text = await response.text();
    let found: unknown = {};
    try {
      found = text ? JSON.parse(text) : undefined;
    } catch {
      throw new Problem(response.status, "unreachable");
    }
    if (!response.ok) {
      const problem = new Problem(response.status, "failed", found as Record<string, unknown>);
      if (problem.code === "second_factor_required") {
        session.needsFactor.value = true;
        goUnasked(href("my-sign-in", "")); // drafts are kept
      }
      throw problem;
    }
    return found as T;
  }
}
