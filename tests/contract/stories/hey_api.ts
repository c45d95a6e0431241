/** Play the story with the client of hey-api. See tests/contract/story.py. */
import { setTimeout } from "node:timers/promises";
import { json } from "node:stream/consumers";
import { createClient } from "./client/client/index.js";
import * as sdk from "./client/index.js";

const given = (await json(process.stdin)) as { url: string; token: string; expired_token: string; name: string };
const name = given.name;

const client = (token: string) => createClient({ baseUrl: given.url, auth: token });

const saw = (step: string, response: Response | undefined, ...facts: unknown[]) =>
  console.log(JSON.stringify([step, response?.status, ...facts]));

type Having<T, K> = T extends unknown ? (K extends keyof T ? T : never) : never;

/** Return a response as that member of its union which has this field. */
function having<T extends object, K extends PropertyKey>(body: T | undefined, field: K): Having<T, K> {
  if (body === undefined || !(field in body)) throw new Error(`no ${String(field)} in ${JSON.stringify(body)}`);
  return body as Having<T, K>;
}

const api = { client: client(given.token) };

const me = await sdk.getMe(api);
const root = having(me.data, "customer").customer;
saw("get_me", me.response, root.level);

const expired = await sdk.getMe({ client: client(given.expired_token) });
saw("expired_token", expired.response, having(expired.error, "message").message);

const body: sdk.NewCustomer = {
  name,
  parent_id: root.id,
  level: "distributor",
  service_type: "all_inclusive",
  services_to_provide: ["all_inclusive"],
  device_country: "Denmark",
};
const preview = await sdk.addCustomer({ ...api, body, query: { validate_only: true } });
saw("preview", preview.response, having(preview.data, "name").name, having(preview.data, "name").storage_location.code);

const headers = { "Idempotency-Key": name };
const added = await sdk.addCustomer({ ...api, body, headers });
const distributor = having(added.data, "id");
const location = added.response?.headers.get("location");
saw("add", added.response, distributor.name, location === `/customers/${distributor.id}`);

const repeat = await sdk.addCustomer({ ...api, body, headers });
const same = having(repeat.data, "id").id === distributor.id;
saw("repeat", repeat.response, same, repeat.response?.headers.get("idempotent-replayed"));

const broken = await sdk.addCustomer({ ...api, body: { parent_id: distributor.id, device_country: "Atlantis" } });
const problem = having(broken.error, "errors");
saw("broken_rules", broken.response, problem.code, problem.errors?.map((error) => error.pointer).sort());

const absent = await sdk.getCustomer({ ...api, path: { customer_id: "cus_absent" } });
saw("absent", absent.response, absent.error?.code);

const content = `name,parent_id,level,service_type,services_to_provide,device_country,in_trial
${name} reseller,${distributor.id},reseller,all_inclusive,all_inclusive,DK,
${name} end-customer,${name} reseller,end_customer,all_inclusive,,SE,true
`;
const accepted = await sdk.addImport({ ...api, body: { content }, headers });
let job = having(accepted.data, "id");
while (job.finished_at === null) {
  await setTimeout(200);
  job = having((await sdk.getImport({ ...api, path: { import_id: job.id } })).data, "id");
}
saw("import", accepted.response, job.created, job.results.map((row) => row.status));
const path = { customer_id: job.results[1]?.customer_id ?? "" };

const names: string[] = [];
const query: NonNullable<sdk.ListCustomersData["query"]> = { within: distributor.id, limit: 1 };
do {
  const page = await sdk.listCustomers({ ...api, query });
  const { customers, next_cursor } = having(page.data, "customers");
  names.push(...customers.map((customer) => customer.name));
  query.cursor = next_cursor ?? undefined;
  if (!next_cursor) saw("list", page.response, names);
} while (query.cursor);

const get = () => sdk.getCustomer({ ...api, path });
const tag = async () => (await get()).response?.headers.get("etag") ?? "";
const endCustomer = having((await get()).data, "version");

const changed = await sdk.changeCustomer({
  ...api,
  path,
  headers: { "If-Match": await tag() },
  body: { name: `${name} changed` },
});
const change = having(changed.data, "version");
saw("change", changed.response, change.name, change.state, change.trial?.days_left, change.version > endCustomer.version);

const added_device = await sdk.addTestDevice({ ...api, path, body: { name: "Laptop" } });
const device = having(added_device.data, "id");
saw("add_test_device", added_device.response, device.is_test, device.invoiced, device.expected.code);

const csv = await sdk.listDevicesCsv({ ...api, path });
saw("csv", csv.response, csv.data?.trim().split("\n").length);

const removed = await sdk.removeTestDevice({ ...api, path: { ...path, device_id: device.id } });
saw("remove_test_device", removed.response);

const archived = await sdk.archiveCustomer({ ...api, path, headers: { "If-Match": await tag() } });
saw("archive", archived.response, having(archived.data, "archive").archive !== null);

const restored = await sdk.restoreCustomer({ ...api, path, headers: { "If-Match": await tag() } });
saw("restore", restored.response, having(restored.data, "archive").archive === null);
