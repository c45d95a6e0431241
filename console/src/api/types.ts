// The models of the API under short names. They come from docs/openapi.json.
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Account = Schemas["AccountResponse"];
export type AddedAccount = Schemas["AddedAccountResponse"];
export type AddedDevice = Schemas["AddedDeviceResponse"];
export type Device = Schemas["DeviceResponse"];
export type DeviceKind = NonNullable<Schemas["NewDevice"]["kind"]>;
export type AddedCredential = Schemas["AddedCredentialResponse"];
export type Credential = Schemas["CredentialResponse"];
export type Catalogue = Schemas["CatalogueResponse"];
export type ChangedCustomer = Schemas["ChangedCustomerResponse"];
export type Customer = Schemas["CustomerResponse"];
export type CustomerPreview = Schemas["CustomerPreview"];
export type Drift = Schemas["Drift"];
export type HistoryEntry = Schemas["HistoryEntry"];
export type AuditEntry = Schemas["AuditEntry"];
export type ImportJob = Schemas["ImportResponse"];
export type ImportPreview = Schemas["ImportPreview"];
export type ImportRow = Schemas["Result"];
export type InvoicingRow = Schemas["InvoicingRow"];
/** The enumerations of a response can get new members, so they are text; those of a request are fixed. */
export type Level = Customer["level"];
export type LevelOption = Schemas["LevelOption"];
export type LocationRequest = Schemas["LocationRequestResponse"];
export type Decision = Schemas["NewDecision"]["decision"];
export type Me = Schemas["Me"];
export type NewCustomer = Schemas["NewCustomer"];
export type Operation = Me["may"][number];
export type Options = Schemas["Options"];
export type Production = Schemas["ProductionResponse"];
export type Role = NonNullable<Schemas["NewAccount"]["role"]>;
export type ServiceType = NonNullable<NewCustomer["service_type"]>;
export type TrialStarts = Schemas["TrialStarts"];
export type Views = Schemas["ViewList"];

// ---------------------------------------------------------------- the routes

export type Method = "get" | "post" | "put" | "patch" | "delete";

/** The paths that have the method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

type OperationOf<M extends Method, P extends PathOf<M>> = paths[P] extends Record<M, infer O> ? O : never;
type Content<T> = T extends { content: infer C } ? (C extends { "application/json": infer J } ? J : never) : undefined;

/** The query parameters of a route. */
export type QueryOf<M extends Method, P extends PathOf<M>> =
  OperationOf<M, P> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : Record<string, never>;

/** The JSON body of a request to a route. */
export type BodyOf<M extends Method, P extends PathOf<M>> =
  OperationOf<M, P> extends { requestBody?: infer B } ? Content<NonNullable<B>> : undefined;

/** The JSON body of a successful response of a route. */
export type ResponseOf<M extends Method, P extends PathOf<M>, S extends number = 200 | 201 | 202 | 204> =
  OperationOf<M, P> extends { responses: infer R } ? { [K in keyof R & S]: Content<R[K]> }[keyof R & S] : never;
