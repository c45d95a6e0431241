// The session: access and refresh token, shared with the other open tabs of this browser.
//
// The refresh token is in this tab's sessionStorage, so it is gone when the last tab is closed. A new tab asks the open
// ones for it over a BroadcastChannel, which only pages of this origin can use. The access token is in memory only.
import { signal } from "@preact/signals";
import { Problem } from "./api/problem";

const meta = document.querySelector<HTMLMetaElement>('meta[name="sign-in"]');
const endpoint = meta?.dataset.endpoint ?? "";
const client = meta?.dataset.client ?? "";
/** The app client whose tokens may change the password and the second factor, and which the API rejects. */
const ownClient = meta?.dataset.mySignIn ?? "";
const STORED = "refresh";
/** Milliseconds that a new tab waits for the session of another one. */
const ASK = 150;
const TIMEOUT = 20_000;

/** `ended`: the session ended during work, and the page stays as it is under the sign-in dialog. */
export type SessionState = "starting" | "signed_out" | "signed_in" | "ended";
export const state = signal<SessionState>("starting");
/** Why there is a sign-in page: after signing out. */
export const notice = signal<"" | "signed_out" | "not_revoked">("");

export interface Tokens {
  AccessToken: string;
  RefreshToken?: string;
}
export interface Challenge {
  ChallengeName: string;
  Session: string;
  user: string;
}
/** Whether the API has rejected a request because the account has no second factor. */
export const needsFactor = signal(false);

interface AuthResponse {
  AuthenticationResult?: Tokens;
  ChallengeName?: string;
  Session?: string;
  ChallengeParameters?: Record<string, string>;
}

let access: string | null = null;
let waiting: ((signedIn: boolean) => void)[] = [];
const channel = new BroadcastChannel("session");

export const accessToken = (): string | null => access;
const stored = (): string | null => sessionStorage.getItem(STORED);

/** The account of the access token: its id is the token's `username`. */
export function account(): string {
  const payload = access?.split(".")[1] ?? "";
  try {
    return String(JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))).username);
  } catch {
    return "";
  }
}

/** Reasons that the user pool gives only in its message, under the same error type. */
const REASONS: [start: RegExp, code: string][] = [
  [/^Temporary password has expired/i, "invitation_expired"],
  [/^Password attempts exceeded/i, "TooManyRequestsException"],
  [/^User is disabled/i, "disabled"],
  [/^Invalid session/i, "too_slow"],
  [/^User password cannot be reset/i, "not_confirmed"],
  [/no registered\/verified/i, "no_address"],
];

/** The code of an error of the user pool, for the console's words. */
export const poolCode = (type: string, message: string): string =>
  `sign_in_${REASONS.find(([start]) => start.test(message))?.[1] ?? type.split("#").pop()}`;

export async function userPool<T>(action: string, body: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch {
    throw new Problem(0, "sign_in_unreachable");
  }
  const found = await response.json().catch(() => ({}));
  if (response.ok) return found as T;
  const detail = String(found.message ?? found.Message ?? "");
  throw new Problem(response.status, poolCode(String(found.__type ?? ""), detail), { detail });
}

function keep(tokens: Tokens, tell: boolean): void {
  access = tokens.AccessToken;
  if (tokens.RefreshToken) {
    sessionStorage.setItem(STORED, tokens.RefreshToken);
    if (tell) channel.postMessage({ type: "session", refresh: tokens.RefreshToken });
  }
}

let refreshing: Promise<boolean> | null = null;

/** Get a new access token. False if the session has ended; a network error throws, because it ends no session. */
export function refresh(): Promise<boolean> {
  refreshing ??= (async () => {
    const token = stored();
    if (!token) return false;
    try {
      const found = await userPool<AuthResponse>("InitiateAuth", {
        ClientId: client,
        AuthFlow: "REFRESH_TOKEN_AUTH",
        AuthParameters: { REFRESH_TOKEN: token },
      });
      if (stored() !== token || !found.AuthenticationResult) return false;
      keep(found.AuthenticationResult, false);
      return true;
    } catch (error) {
      if (error instanceof Problem && error.code === "sign_in_NotAuthorizedException") return false;
      throw error;
    }
  })().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** Ask the open tabs for their session, at most `ASK` milliseconds long. */
function askTabs(): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ASK);
    channel.addEventListener("message", function answered({ data }) {
      if (data?.type !== "session") return;
      channel.removeEventListener("message", answered);
      clearTimeout(timer);
      done();
    });
    channel.postMessage({ type: "ask" });
  });
}

channel.addEventListener("message", ({ data }) => {
  if (data?.type === "ask" && stored() && state.value !== "ended") {
    channel.postMessage({ type: "session", refresh: stored() });
  } else if (data?.type === "session" && state.value !== "signed_in") {
    sessionStorage.setItem(STORED, data.refresh);
    if (state.value !== "starting")
      void refresh().then(
        (done) => done && signedIn(),
        () => {},
      );
  } else if (data?.type === "signed_out") {
    forget("signed_out");
  }
});

/** Begin: use this tab's session, or another open tab's. Otherwise show the sign-in page. */
export async function start(): Promise<void> {
  if (!stored()) await askTabs();
  try {
    if (await refresh()) signedIn();
  } catch {
    // The sign-in page says that the service cannot be reached, at the first attempt.
  }
  if (state.value === "starting") state.value = "signed_out";
}

function signedIn(): void {
  const other = signedInAs && signedInAs !== account();
  signedInAs = account();
  if (other) {
    location.reload(); // another account: nothing of the first one may stay on the page
    return;
  }
  notice.value = "";
  state.value = "signed_in";
  for (const done of waiting.splice(0)) done(true);
}
let signedInAs = "";

/** Show the sign-in dialog over the page. Resolves to whether there is a session again. */
export function signInAgain(): Promise<boolean> {
  if (state.value === "signed_out") return Promise.resolve(false);
  access = null;
  sessionStorage.removeItem(STORED);
  state.value = "ended";
  return new Promise((done) => waiting.push(done));
}

/** Leave the page as it is, without a session. The next request asks again. */
export function notNow(): void {
  state.value = "signed_in";
  for (const done of waiting.splice(0)) done(false);
}

/** Send a password, or the answer to a challenge. Returns the tokens, or the next challenge. */
async function authenticate(
  ClientId: string,
  user: string,
  secret: string,
  challenge: Challenge | null,
): Promise<Tokens | Challenge> {
  const found = challenge
    ? await userPool<AuthResponse>("RespondToAuthChallenge", {
        ClientId,
        ChallengeName: challenge.ChallengeName,
        Session: challenge.Session,
        ChallengeResponses: {
          USERNAME: challenge.user,
          [challenge.ChallengeName === "NEW_PASSWORD_REQUIRED" ? "NEW_PASSWORD" : "SOFTWARE_TOKEN_MFA_CODE"]: secret,
        },
      })
    : await userPool<AuthResponse>("InitiateAuth", {
        ClientId,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: user, PASSWORD: secret },
      });
  if (found.ChallengeName) {
    return {
      ChallengeName: found.ChallengeName,
      Session: found.Session ?? "",
      user: found.ChallengeParameters?.USER_ID_FOR_SRP ?? challenge?.user ?? user,
    };
  }
  if (!found.AuthenticationResult) throw new Problem(0, "sign_in_unreachable");
  return found.AuthenticationResult;
}

/** Sign in with a password, or answer a challenge. Returns the next challenge, if there is one. */
export async function signIn(user: string, secret: string, challenge: Challenge | null): Promise<Challenge | null> {
  const found = await authenticate(client, user, secret, challenge);
  if ("ChallengeName" in found) return found;
  keep(found, true);
  signedIn();
  return null;
}

/** Sign in for "My sign-in" only. Its tokens are given to the caller and stored nowhere. */
export const signInForOwn = (user: string, secret: string, challenge: Challenge | null): Promise<Tokens | Challenge> =>
  authenticate(ownClient, user, secret, challenge);

/** Forget that sign-in: its tokens are of no use any more. */
export const endOwn = (tokens: Tokens): Promise<unknown> =>
  userPool("RevokeToken", { ClientId: ownClient, Token: tokens.RefreshToken }).catch(() => {}); // ends within minutes

/** Have a code sent to the address, if it has an account. */
export const sendResetCode = (user: string): Promise<unknown> =>
  userPool("ForgotPassword", { ClientId: client, Username: user });

/** Set a new password with the code of the mail. */
export const resetPassword = (user: string, code: string, password: string): Promise<unknown> =>
  userPool("ConfirmForgotPassword", {
    ClientId: client,
    Username: user,
    ConfirmationCode: code,
    Password: password,
  });

function forget(why: "signed_out" | "not_revoked"): void {
  access = null;
  waiting = [];
  signedInAs = "";
  needsFactor.value = false;
  sessionStorage.clear(); // the drafts too
  notice.value = why;
  state.value = "signed_out";
}

/** Sign out in all tabs, and revoke the refresh token, so that no copy of it is of use. */
export async function signOut(): Promise<void> {
  const token = stored();
  channel.postMessage({ type: "signed_out" });
  forget("signed_out");
  if (!token) return;
  try {
    await userPool("RevokeToken", { ClientId: client, Token: token });
  } catch {
    notice.value = "not_revoked";
  }
}
