// Changing a customer. If somebody else was faster, what was typed is kept.
import { useState } from "preact/hooks";
import * as api from "../api/client";
import { Problem } from "../api/problem";
import type { Customer, ServiceType } from "../api/types";
import { serviceName } from "../levels";
import * as t from "../messages.en";
import { goUnasked, href } from "../route";
import { changed, entry, useEntry } from "../store";
import { Failed, Notice, Skeleton } from "../ui/basics";
import { Combobox } from "../ui/combobox";
import { Choices, Field, FormPage, TextField, useForm } from "../ui/form";
import { say } from "../ui/toast";
import { CONTACTS, Contacts } from "./parts";

interface Changes extends Record<string, unknown> {
  name: string;
  device_country: string;
  services_to_provide: ServiceType[];
  contact_email: string;
  account_manager: string;
}
const valuesOf = (of: Customer): Changes => ({
  name: of.name,
  device_country: of.device_country.code,
  services_to_provide: of.services_to_provide as ServiceType[],
  contact_email: of.contact_email ?? "",
  account_manager: of.account_manager ?? "",
});
const hasContact = (of: Customer, name: (typeof CONTACTS)[number]): boolean =>
  (name === "account_manager" ? ["distributor"] : ["reseller", "end_customer"]).includes(of.level);
const shown = (of: Customer): [string, string][] => [
  [t.fields.name, of.name],
  [t.fields.country, of.device_country.name],
  [t.fields.provide, of.services_to_provide.map(serviceName).join(", ")],
  ...CONTACTS.map((name): [string, string] => [t.fieldNames[name] ?? name, of[name] ?? ""]),
];

export function EditPage({ of: first }: { of: Customer }) {
  const form = useForm(`edit ${first.id}`, () => valuesOf(first));
  // The version that the user has seen. A newer one is shown as a difference before it is replaced.
  const [seen, setSeen] = useState(first);
  const [theirs, setTheirs] = useState<[string, string][]>([]);
  const options = entry(`options/${first.id}`, () => api.options(first.id));
  const { data, error } = useEntry(options);
  const provides = seen.services_to_provide.length > 0 && seen.level !== "root";

  const send = async (values: Changes) => {
    try {
      const saved = await api.changeCustomer(
        seen.id,
        {
          name: values.name,
          device_country: values.device_country,
          ...(provides ? { services_to_provide: values.services_to_provide } : {}),
          ...Object.fromEntries(
            CONTACTS.filter((name) => hasContact(seen, name)).map((name) => [name, values[name].trim()]),
          ),
        },
        seen.version,
      );
      changed(saved);
      say([`${t.saved(saved.name)}.`, ...saved.notices.map((each) => each.detail)].join(" "));
      goUnasked(href("customer", seen.id));
    } catch (problem) {
      if (problem instanceof Problem && problem.code === "stale_version") {
        const newest = await api.customer(seen.id);
        const before = new Map(shown(seen));
        setTheirs(shown(newest).filter(([name, value]) => before.get(name) !== value));
        setSeen(newest);
        changed(newest);
        throw new Problem(412, "conflict");
      }
      throw problem;
    }
  };
  if (error) return <Failed problem={error} again={() => void options.load()} />;
  if (!data)
    return (
      <div class="page">
        <Skeleton />
      </div>
    );
  return (
    <FormPage form={form} title={t.editTitle(seen.name)} save={t.save} send={send} back={href("customer", seen.id)}>
      {theirs.length > 0 && (
        <Notice kind="warn">{theirs.map(([name, value]) => t.conflictField(name, value)).join(" ")}</Notice>
      )}
      <TextField form={form} name="name" label={t.fields.name} hint={t.fields.nameHint} input={{ maxLength: 128 }} />
      <Field
        form={form}
        name="device_country"
        label={t.fields.country}
        hint={t.fields.locationStays(seen.storage_location.name)}
      >
        {(control) => (
          <Combobox
            control={control}
            value={form.values.value.device_country}
            onChange={(value) => form.set("device_country", value)}
            options={data.device_countries.map((each) => ({ value: each.code, text: each.name, also: each.code }))}
          />
        )}
      </Field>
      {provides && (
        <Choices
          form={form}
          name="services_to_provide"
          label={t.fields.provide}
          several
          choices={(["all_inclusive", "software_only"] as const).map((value) => ({
            value,
            title: t.services[value],
            hint: t.serviceHints[value],
          }))}
        />
      )}
      <Contacts form={form} of={(name) => hasContact(seen, name)} />
    </FormPage>
  );
}
