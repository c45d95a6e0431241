// What a person may change about the own sign-in: password, second factor, sessions. The tokens are of the second app
// client, for which the password was asked again.
import { correction, generate } from "lean-qr/nano";
import { type Tokens, userPool } from "./session";

export const changePassword = ({ AccessToken }: Tokens, previous: string, next: string): Promise<unknown> =>
  userPool("ChangePassword", { AccessToken, PreviousPassword: previous, ProposedPassword: next });

/** Get a new secret for an authenticator app. It counts from `confirmFactor` on. */
export const newFactor = async ({ AccessToken }: Tokens): Promise<string> =>
  (await userPool<{ SecretCode: string }>("AssociateSoftwareToken", { AccessToken })).SecretCode;

export async function confirmFactor(tokens: Tokens, code: string): Promise<void> {
  const { AccessToken } = tokens;
  await userPool("VerifySoftwareToken", { AccessToken, UserCode: code, FriendlyDeviceName: "Authenticator" });
  await preferFactor(tokens, true);
}

export const preferFactor = ({ AccessToken }: Tokens, on: boolean): Promise<unknown> =>
  userPool("SetUserMFAPreference", { AccessToken, SoftwareTokenMfaSettings: { Enabled: on, PreferredMfa: on } });

/** End every session of the person, in this browser and elsewhere. */
export const endSessions = ({ AccessToken }: Tokens): Promise<unknown> => userPool("GlobalSignOut", { AccessToken });

/** The address that an authenticator app reads from the QR code. */
export function otpauth(issuer: string, user: string, secret: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(user)}`;
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`;
}

/** Modules of white around a QR code, as its standard asks for. */
const QUIET = 4;

/** A QR code as one SVG path, with the number of modules of a side. */
export function qrPath(text: string): { size: number; path: string } {
  const code = generate(text, { minCorrectionLevel: correction.M });
  let path = "";
  for (let y = 0; y < code.size; y++)
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  return { size: code.size + 2 * QUIET, path };
}

/** A secret in groups of four, as people type it. */
export const grouped = (secret: string): string => secret.replace(/(.{4})(?=.)/g, "$1 ");

/** Which rules of the user pool a password meets. */
export const passwordRules = (text: string): { length: boolean; cases: boolean; digit: boolean } => ({
  length: text.length >= 14,
  cases: /[a-z]/.test(text) && /[A-Z]/.test(text),
  digit: /\d/.test(text),
});
