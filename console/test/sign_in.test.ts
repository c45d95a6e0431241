import { expect, test } from "vitest";
import { Problem } from "../src/api/problem";
import * as t from "../src/messages.en";
import { grouped, otpauth, passwordRules, qrPath } from "../src/own_sign_in";
import { givable } from "../src/pages/account";
import { poolCode } from "../src/session";

test.each([
  ["NotAuthorizedException", "Incorrect username or password.", "sign_in_NotAuthorizedException"],
  ["x#NotAuthorizedException", "Temporary password has expired and must be reset.", "sign_in_invitation_expired"],
  ["NotAuthorizedException", "Password attempts exceeded", "sign_in_TooManyRequestsException"],
  ["NotAuthorizedException", "User is disabled.", "sign_in_disabled"],
  ["NotAuthorizedException", "Invalid session for the user, session is expired.", "sign_in_too_slow"],
  ["NotAuthorizedException", "User password cannot be reset in the current state.", "sign_in_not_confirmed"],
  ["InvalidParameterException", "Cannot reset: there is no registered/verified email", "sign_in_no_address"],
])("the user pool's %s with %j is %s, which has words", (type, message, code) => {
  expect(poolCode(type, message)).toBe(code);
  expect(t.errorText(new Problem(400, code, { detail: "in the API's words" }))).not.toContain("API");
});

test.each([
  "CodeMismatchException",
  "CodeDeliveryFailureException",
  "EnableSoftwareTokenMFAException",
  "ExpiredCodeException",
  "InternalErrorException",
  "InvalidParameterException",
  "InvalidPasswordException",
  "LimitExceededException",
  "PasswordHistoryPolicyViolationException",
  "PasswordResetRequiredException",
  "TooManyFailedAttemptsException",
  "TooManyRequestsException",
  "UserNotConfirmedException",
  "UserNotFoundException",
])("%s has words", (type) => {
  expect(t.errorText(new Problem(400, poolCode(type, "x"), { detail: "in the API's words" }))).not.toContain("API");
});

test("a password is checked by the rules of the user pool", () => {
  expect(passwordRules("")).toEqual({ length: false, cases: false, digit: false });
  expect(passwordRules("aB3")).toEqual({ length: false, cases: true, digit: true });
  expect(passwordRules("a".repeat(14))).toEqual({ length: true, cases: false, digit: false });
  expect(passwordRules(`B3${"a".repeat(12)}`)).toEqual({ length: true, cases: true, digit: true });
});

test("an authenticator app gets the issuer, the user and the secret", () => {
  const uri = new URL(otpauth("Management Console", "a+b@example.com", "ABCD"));
  expect(uri.href.startsWith("otpauth://totp/Management%20Console:a%2Bb%40example.com?")).toBe(true);
  expect(Object.fromEntries(uri.searchParams)).toEqual({ secret: "ABCD", issuer: "Management Console" });
});

test("a QR code has a quiet zone of four modules, and its three corners", () => {
  const { size, path } = qrPath(otpauth("Management Console", "somebody@example.com", "A".repeat(52)));
  const dark = new Set(path.match(/M\d+ \d+/g));
  expect((size - 8 - 17) % 4).toBe(0); // a version of QR codes
  for (const [x, y] of [
    [4, 4],
    [size - 11, 4],
    [4, size - 11],
  ] as const)
    for (let at = 0; at < 7; at++) expect(dark).toContain(`M${x + at} ${y}`);
  for (const each of dark) expect(each).toMatch(/^M([4-9]|[1-9]\d) ([4-9]|[1-9]\d)$/);
});

test("a secret is shown in groups of four", () => {
  expect(grouped("ABCDEFGHIJ")).toBe("ABCD EFGH IJ");
  expect(grouped("ABCDEFGH")).toBe("ABCD EFGH");
});

test("nobody is offered a role above their own", () => {
  expect(givable("super_user")).toHaveLength(5);
  expect(givable("administrator")).toEqual(["supporter", "operator", "manager", "administrator"]);
  expect(givable("unknown")).toEqual([]);
});
