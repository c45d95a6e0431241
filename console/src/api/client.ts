// Every call of the API, typed by docs/openapi.json. Nothing else in the console knows a path.
import { send } from "./http";
import type * as T from "./types";

interface Extra<M extends T.Method, P extends T.PathOf<M>> {
  query?: Partial<Record<keyof T.QueryOf<M, P>, string | number | boolean | null | undefined>>;
  body?: T.BodyOf<M, P>;
  key?: string;
  version?: number;
}

/** Call a route. `ids` fill the braces of the path in their order. */
function call<M extends T.Method, P extends T.PathOf<M>, S extends number = 200 | 201 | 202 | 204>(
  method: M,
  path: P,
  ids: string[] = [],
  { query, body, key, version }: Extra<M, P> = {},
): Promise<T.ResponseOf<M, P, S>> {
  const filled = (path as string).replace(/\{[^}]+\}/g, () => encodeURIComponent(ids.shift() ?? ""));
  const headers: Record<string, string> = {};
  if (key) headers["Idempotency-Key"] = key;
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  return send(method, filled, { query, body, headers });
}

export type CustomerQuery = Extra<"get", "/customers">["query"];
const BY_ID = "/customers/{customer_id}";
const DEVICES = `${BY_ID}/devices`;
const REQUESTS = `${BY_ID}/storage-location-requests`;
const TEST_DEVICES = `${BY_ID}/test-devices`;

export const me = () => call("get", "/me");
export const recordSecondFactor = () => call("put", "/me/second-factor");
export const customer = (id: string) => call("get", BY_ID, [id]);
export const customers = (query: NonNullable<CustomerQuery>) => call("get", "/customers", [], { query });
export const options = (id: string) => call("get", `${BY_ID}/options`, [id]);
export const history = (id: string, cursor: string | null) =>
  call("get", `${BY_ID}/history`, [id], { query: { cursor, limit: 100 } });
export const drift = (id: string, cursor: string | null) =>
  call("get", `${BY_ID}/storage-check`, [id], { query: { cursor, limit: 100 } });

export const previewCustomer = (body: T.NewCustomer): Promise<T.CustomerPreview> =>
  call<"post", "/customers", 200>("post", "/customers", [], { query: { validate_only: true }, body });
export const addCustomer = (body: T.NewCustomer, key: string): Promise<T.Customer> =>
  call<"post", "/customers", 201>("post", "/customers", [], { body, key });
export const changeCustomer = (id: string, body: T.BodyOf<"patch", typeof BY_ID>, version: number) =>
  call("patch", BY_ID, [id], { body, version });
export const archiveCustomer = ({ id, version }: T.Customer) => call("delete", BY_ID, [id], { version });
export const restoreCustomer = ({ id, version }: T.Customer) => call("post", `${BY_ID}/restore`, [id], { version });
export const trialStarts = (cursor: string | null) =>
  call("get", "/trial-starts", [], { query: { cursor, limit: 100 } });
export const endTrial = ({ id, version }: T.Customer) => call("post", `${BY_ID}/production`, [id], { version });
export const invoicing = (id: string, month: string, cursor: string | null) =>
  call("get", `${BY_ID}/invoicing`, [id], { query: { month, cursor, limit: 100 } });

export const accounts = (query: NonNullable<Extra<"get", "/accounts">["query"]>) =>
  call("get", "/accounts", [], { query });
export const account = (id: string) => call("get", "/accounts/{account_id}", [id]);
export const addAccount = (
  id: string,
  body: T.BodyOf<"post", "/customers/{customer_id}/accounts">,
  key: string,
): Promise<T.AddedAccount> =>
  call<"post", "/customers/{customer_id}/accounts", 201>("post", `${BY_ID}/accounts`, [id], { body, key });
export const changeAccount = ({ id, version }: T.Account, body: T.BodyOf<"patch", "/accounts/{account_id}">) =>
  call("patch", "/accounts/{account_id}", [id], { body, version });
export const removeAccount = ({ id, version }: T.Account) =>
  call("delete", "/accounts/{account_id}", [id], { version });
export const changeEmail = ({ id, version }: T.Account, email: string) =>
  call("put", "/accounts/{account_id}/email", [id], { body: { email }, version });
export const resendInvitation = (id: string) => call("post", "/accounts/{account_id}/invitation", [id]);
export const accountHistory = (id: string, cursor: string | null) =>
  call("get", "/accounts/{account_id}/history", [id], { query: { cursor, limit: 100 } });
export const audit = (query: NonNullable<Extra<"get", "/audit">["query"]>) => call("get", "/audit", [], { query });
export const credentials = (id: string) => call("get", "/accounts/{account_id}/credentials", [id]);
export const addCredential = (id: string, expires: string | null, key: string): Promise<T.AddedCredential> =>
  call<"post", "/accounts/{account_id}/credentials", 201>("post", "/accounts/{account_id}/credentials", [id], {
    body: expires ? { expires_at: expires } : {},
    key,
  });
export const revokeCredential = (id: string, credentialId: string) =>
  call("delete", "/accounts/{account_id}/credentials/{credential_id}", [id, credentialId]);

export const views = () => call("get", "/views");
export const saveView = (name: string, columns: string[]) =>
  call("put", "/views/{name}", [name], { body: { columns } as T.BodyOf<"put", "/views/{name}"> });
export const removeView = (name: string) => call("delete", "/views/{name}", [name]);
export const devices = (id: string, columns: string, cursor: string | null) =>
  call("get", DEVICES, [id], { query: { columns, cursor, limit: 100 } });
export const addTestDevice = (id: string, name: string, key: string): Promise<T.AddedDevice> =>
  call<"post", typeof TEST_DEVICES, 201>("post", TEST_DEVICES, [id], { body: { name }, key });
export const addDevice = (id: string, body: T.BodyOf<"post", typeof DEVICES>, key: string): Promise<T.AddedDevice> =>
  call<"post", typeof DEVICES, 201>("post", DEVICES, [id], { body, key });
export const device = (customerId: string, id: string) => call("get", `${DEVICES}/{device_id}`, [customerId, id]);
export const renameDevice = (customerId: string, { id, version }: T.Device, name: string) =>
  call("patch", `${DEVICES}/{device_id}`, [customerId, id], { body: { name }, version });
/** Test devices have routes of their own. */
export const replaceToken = (isTest: boolean, customerId: string, id: string, key: string) =>
  call("post", `${isTest ? TEST_DEVICES : DEVICES}/{device_id}/token`, [customerId, id], { key });
export const removeDevice = (isTest: boolean, customerId: string, id: string) =>
  call("delete", `${isTest ? TEST_DEVICES : DEVICES}/{device_id}`, [customerId, id]);

export const catalogue = () => call("get", "/storage-locations");
export const replaceCatalogue = (locations: { country: string; routed_to: string }[], version: number) =>
  call("put", "/storage-locations", [], { body: { locations }, version });

export const locationRequests = (query: NonNullable<Extra<"get", "/storage-location-requests">["query"]>) =>
  call("get", "/storage-location-requests", [], { query });
export const locationRequestsOf = (id: string, cursor: string | null) =>
  call("get", REQUESTS, [id], { query: { cursor, limit: 100 } });
/** What is empty is left out, so that the service says that it is required. */
export const askForLocation = (id: string, location: string, reason: string, key: string): Promise<T.LocationRequest> =>
  call<"post", typeof REQUESTS, 201>("post", REQUESTS, [id], {
    body: { ...(location && { location }), ...(reason && { reason }) } as T.BodyOf<"post", typeof REQUESTS>,
    key,
  });
export const decideRequest = (of: T.LocationRequest, decision: T.Decision, reason: string) =>
  call("post", `${REQUESTS}/{request_id}/decision`, [of.customer_id, of.id], {
    body: { decision, reason },
    version: of.customer_version,
  });

/** A file to import, as it is on the disk. The service decodes it, or says that the encoding is wrong. */
export interface ImportFile {
  content: ArrayBuffer;
  csv: boolean;
  encoding: string;
}
const sendFile = <R>(file: ImportFile, dry: boolean, key: string): Promise<R> =>
  send("post", "/imports", {
    file: { content: file.content, media: file.csv ? "application/octet-stream" : "application/jsonl" },
    query: { validate_only: dry || null, encoding: file.csv ? file.encoding : null },
    headers: { "Idempotency-Key": key },
  });
export const previewImport = (file: ImportFile) => sendFile<T.ImportPreview>(file, true, crypto.randomUUID());
export const startImport = (file: ImportFile, key: string) => sendFile<T.ImportJob>(file, false, key);
export const importJob = (
  id: string,
  query: NonNullable<Extra<"get", "/imports/{import_id}">["query"]> = {},
): Promise<T.ImportJob> => call("get", "/imports/{import_id}", [id], { query });
