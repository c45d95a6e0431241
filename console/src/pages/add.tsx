// "Add customer", in the guide's words and order. The form is drawn from the options route, and previews what will happen.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api/client";
import type { Customer, CustomerPreview, Level, NewCustomer, Options, ServiceType } from "../api/types";
import { pathOf } from "../frame/frame";
import { canHold, levelName, ruleOf, serviceName } from "../levels";
import * as t from "../messages.en";
import { goUnasked, href } from "../route";
import {
  asProblem,
  children,
  customerEntry,
  customerList,
  entry,
  known,
  learn,
  may,
  me,
  refreshLists,
  useEntry,
  useList,
} from "../store";
import { Button, dayText, Empty, Failed, minuteText, Skeleton } from "../ui/basics";
import { Combobox, type Option } from "../ui/combobox";
import { CheckField, Choices, Field, type Form, FormPage, LockedField, TextField, useForm } from "../ui/form";
import { Icon, type IconName } from "../ui/icon";
import { say } from "../ui/toast";
import {
  AccountManager,
  CONTACTS,
  Contacts,
  catalogueEntry,
  customerLands,
  LandsNotice,
  landsElsewhere,
} from "./parts";

interface Added extends Record<string, unknown> {
  name: string;
  parent_id: string;
  level: string;
  service_type: string;
  services_to_provide: ServiceType[];
  device_country: string;
  storage_location: string;
  in_trial: boolean;
  contact_email: string;
  account_manager: string;
}

export function AddPage({ of }: { of: Customer }) {
  if (!may("change_customers"))
    return (
      <div class="page">
        <h1 class="sr">{t.addTitle}</h1>
        <Empty title={t.mayNotAdd}>{t.mayNotAddHint}</Empty>
      </div>
    );
  return <AddForm key={of.id} of={of} />;
}

function AddForm({ of }: { of: Customer }) {
  const first = canHold(of.level) ? of.id : (of.parent_id ?? of.id);
  const form = useForm<Added>(`add ${of.id}`, () => ({
    name: "",
    parent_id: first,
    level: "",
    service_type: "",
    services_to_provide: [],
    device_country: "",
    storage_location: "",
    in_trial: false,
    contact_email: "",
    account_manager: "",
  }));
  const values = form.values.value;
  const parent = values.parent_id || first;
  const optionsEntry = entry(`options/${parent}`, () => api.options(parent));
  const { data, error } = useEntry(optionsEntry);
  // The last options stay until those of another parent are here, so no field disappears under the cursor.
  const last = useRef<Options | null>(null);
  if (data) last.current = data;
  const options = data ?? last.current;
  if (!options)
    return error ? (
      <div class="page">
        <Failed problem={error} again={() => void optionsEntry.load()} />
      </div>
    ) : (
      <div class="page">
        <Skeleton lines={8} />
      </div>
    );
  if (!options.may_add)
    return (
      <div class="page">
        <Empty title={t.mayNotAdd}>{t.mayNotAddHint}</Empty>
      </div>
    );
  return <Fields form={form} options={options} of={of} />;
}

/** The level that the form adds: the only one, or the chosen one if the parent can have it. */
const levelOf = (options: Options, level: string) =>
  options.levels.length === 1 ? options.levels[0] : options.levels.find((each) => each.level === level);

/** The body of the request. What the level does not have is left out, and stays in the form. */
export function bodyOf(values: Omit<Added, keyof Record<string, unknown>> & Added, options: Options): NewCustomer {
  const option = levelOf(options, values.level);
  const rule = (field: string) => ruleOf(option ?? options.levels[0], field);
  const country = options.device_countries.find((each) => each.code === values.device_country);
  return {
    parent_id: values.parent_id,
    ...(values.name.trim() ? { name: values.name } : {}),
    ...(option ? { level: option.level as NonNullable<NewCustomer["level"]> } : {}),
    ...(option && rule("service_type") !== "refused" && values.service_type
      ? { service_type: values.service_type as ServiceType }
      : {}),
    ...(option && rule("services_to_provide") !== "refused" ? { services_to_provide: values.services_to_provide } : {}),
    ...(country ? { device_country: country.code } : {}),
    ...(country && !country.storage_location && values.storage_location
      ? { storage_location: values.storage_location }
      : {}),
    ...(option && rule("in_trial") !== "refused" && values.in_trial ? { in_trial: true } : {}),
    ...Object.fromEntries(
      CONTACTS.filter((name) => option && rule(name) !== "refused" && values[name]).map((name) => [name, values[name]]),
    ),
  };
}

function Fields({ form, options, of }: { form: Form<Added>; options: Options; of: Customer }) {
  const values = form.values.value;
  const option = levelOf(options, values.level);
  const any = option ?? options.levels[0];
  const country = options.device_countries.find((each) => each.code === values.device_country);
  const catalogue = useEntry(catalogueEntry()).data;
  const parent = known(values.parent_id);
  const lands = (code: string) => landsElsewhere(code, catalogue);
  const nameOf = (code: string) => options.storage_locations.find((each) => each.code === code)?.name ?? code;
  const stored = country?.storage_location ?? values.storage_location;
  const landsIn = country && stored ? lands(stored) : null;

  const send = async (given: Added, key: string) => {
    const added = learn(await api.addCustomer(bodyOf(given, options), key));
    refreshLists("customers?");
    say(t.added(added.name));
    goUnasked(href("customer", added.id));
  };
  return (
    <FormPage
      form={form}
      title={t.addTitle}
      save={t.save}
      send={send}
      back={href("customers", of.id)}
      side={<Preview form={form} options={options} />}
    >
      <TextField
        form={form}
        name="name"
        label={t.fields.name}
        hint={t.fields.nameHint}
        input={{ maxLength: any?.fields.name?.max_length ?? 128 }}
      />
      <div class="pair">
        <ParentField form={form} of={of} />
        {options.levels.length === 1 ? (
          <LockedField
            name="level"
            label={t.fields.level}
            value={levelName(options.levels[0]?.level ?? "")}
            hint={parent ? t.fields.levelSet(levelName(parent.level).toLowerCase()) : ""}
          />
        ) : (
          <Choices
            form={form}
            name="level"
            label={t.fields.level}
            hint={t.fields.levelChoose}
            choices={options.levels.map((each) => ({
              value: each.level,
              title: levelName(each.level),
              hint: t.levelHints[each.level as keyof typeof t.levelHints] ?? "",
            }))}
          />
        )}
      </div>
      {ruleOf(any, "service_type") !== "refused" && (
        <Choices
          form={form}
          name="service_type"
          label={t.fields.service}
          choices={services(any?.fields.service_type?.values)}
        />
      )}
      {ruleOf(any, "services_to_provide") !== "refused" && (
        <Choices
          form={form}
          name="services_to_provide"
          several
          label={t.fields.provide}
          hint={t.fields.provideHint}
          choices={services(any?.fields.services_to_provide?.values)}
        />
      )}
      <div class="pair">
        <Field form={form} name="device_country" label={t.fields.country} hint={t.fields.countryHint}>
          {(control) => (
            <Combobox
              control={control}
              value={values.device_country}
              onChange={(value) => form.set("device_country", value)}
              options={options.device_countries.map((each): Option => {
                const elsewhere = each.storage_location ? lands(each.storage_location) : null;
                return {
                  value: each.code,
                  text: each.name,
                  also: each.code,
                  warn: Boolean(elsewhere),
                  hint: !each.storage_location
                    ? t.chooseStorage
                    : elsewhere
                      ? t.storedInLands(each.name, elsewhere)
                      : t.storedIn(each.name),
                };
              })}
            />
          )}
        </Field>
        <div>
          {!country ? (
            <LockedField
              name="storage_location"
              label={t.fields.location}
              value={<span class="placeholder">{t.fields.locationFirst}</span>}
            />
          ) : country.storage_location ? (
            <LockedField
              name="storage_location"
              label={t.fields.location}
              value={nameOf(country.storage_location)}
              hint={t.fields.locationSet}
            />
          ) : (
            <Field
              form={form}
              name="storage_location"
              label={t.fields.location}
              hint={t.fields.locationChoose(country.name, options.storage_locations.length)}
            >
              {(control) => (
                <Combobox
                  control={control}
                  value={values.storage_location}
                  onChange={(value) => form.set("storage_location", value)}
                  options={options.storage_locations.map((each): Option => {
                    const elsewhere = lands(each.code);
                    return {
                      value: each.code,
                      text: each.name,
                      also: each.code,
                      ...(elsewhere ? { hint: t.landsIn(elsewhere), warn: true } : {}),
                    };
                  })}
                />
              )}
            </Field>
          )}
          <AccountManager />
          <LandsNotice name={nameOf(stored)} lands={landsIn} />
        </div>
      </div>
      {option && ruleOf(option, "in_trial") !== "refused" && (
        <CheckField form={form} name="in_trial" label={t.fields.trial} hint={t.fields.trialHint} />
      )}
      <Contacts form={form} of={(name) => ruleOf(any, name) !== "refused"} />
    </FormPage>
  );
}

const services = (values: string[] | null | undefined) =>
  (values ?? []).map((value) => ({
    value,
    title: serviceName(value) ?? value,
    hint: t.serviceHints[value as ServiceType] ?? "",
  }));

// ---------------------------------------------------------------- the parent: any customer below the user's company

const HOLDING: Level[] = ["distributor", "sub_distributor", "reseller", "end_customer"];
/** The customers of each level that are read as choices. More are found by the beginning of their name. */
const CHOICES = 300;

function ParentField({ form, of }: { form: Form<Added>; of: Customer }) {
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState(false);
  const root = me.value?.customer ?? of;
  const value = form.values.value.parent_id;
  const chosen = useEntry(customerEntry(value || of.id)).data;
  const near = useList(children(canHold(of.level) ? of.id : root.id), 100);
  const below = HOLDING.map((level) => useList(customerList({ within: root.id, level }), asked ? CHOICES : -1));
  const found = useList(
    customerList({ parent_id: canHold(of.level) ? of.id : root.id, ...(typed ? { name_prefix: typed } : {}) }),
    typed ? 50 : 1,
  );
  useEffect(() => {
    if (typed) setAsked(true);
  }, [typed]);
  const path = chosen ? pathOf(chosen).flatMap((id) => known(id) ?? []) : [];
  const all = new Map<string, Customer>();
  for (const each of [...path.reverse(), ...near.rows, ...found.rows, ...below.flatMap((list) => list.rows)]) {
    if (canHold(each.level) && !each.archive) all.set(each.id, each);
  }
  const options = [...all.values()].map(
    (each): Option => ({
      value: each.id,
      text: each.name,
      also: each.id,
      hint: [
        levelName(each.level),
        ...pathOf(each)
          .slice(-2, -1)
          .map((id) => known(id)?.name ?? ""),
      ]
        .filter(Boolean)
        .join(" · "),
    }),
  );
  return (
    <Field
      form={form}
      name="parent_id"
      label={t.fields.parent}
      hint={chosen ? t.fields.parentHint(levelName(chosen.level)) : ""}
    >
      {(control) => (
        <Combobox
          control={control}
          value={value}
          options={options}
          loading={below.some((list) => list.loading)}
          onSearch={setTyped}
          onChange={(id) => form.set("parent_id", id)}
        />
      )}
    </Field>
  );
}

// ---------------------------------------------------------------- what will happen

function Preview({ form, options }: { form: Form<Added>; options: Options }) {
  const [made, setMade] = useState<CustomerPreview | null>(null);
  const [open, setOpen] = useState(false);
  const turn = useRef(0);
  const values = form.values.value;
  useEffect(() => {
    const mine = ++turn.current;
    if (!form.dirty || options.parent_id !== values.parent_id) return;
    const timer = setTimeout(async () => {
      try {
        const preview = await api.previewCustomer(bodyOf(values, options));
        if (mine !== turn.current) return;
        setMade(preview);
        form.place(null, true);
      } catch (error) {
        if (mine !== turn.current) return;
        setMade(null);
        form.place(asProblem(error), true);
      }
    }, 350);
    return () => clearTimeout(timer);
  }, [values, options]);

  const lines: [IconName, string, string, boolean?][] = [];
  if (made) {
    const w = t.will;
    const location = made.storage_location;
    const elsewhere = customerLands(made);
    lines.push([
      "customers",
      w.below(known(values.parent_id)?.name ?? ""),
      w.as(levelName(made.level), serviceName(made.service_type)),
    ]);
    lines.push([
      "pin",
      elsewhere ? t.storedInLands(location.name, elsewhere) : t.storedIn(location.name),
      location.decided === "hosted" ? t.fields.locationSet : t.will.chosen,
      Boolean(elsewhere),
    ]);
    if (made.level === "end_customer") {
      if (made.trial) {
        lines.push(["clock", w.trial(minuteText(made.trial.ends_at)), w.trialHint]);
        lines.push(["invoice", w.invoice(dayText(made.trial.ends_at)), w.invoiceHint]);
      } else lines.push(["invoice", w.invoiceNow, w.invoiceNowHint]);
    }
    lines.push(["lock", w.stays, w.staysHint]);
  }
  return (
    <div class={`preview ${open ? "open" : ""}`}>
      <Button class="preview-button" icon="info" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t.whatWillHappen}
      </Button>
      <div class="preview-body" role="status">
        <h2>{t.whatWillHappen}</h2>
        <p class="hint">{made ? t.will.nothing : t.will.fill}</p>
        <ul>
          {lines.map(([icon, title, hint, warn]) => (
            <li key={title}>
              <Icon name={icon} class={warn ? "warn-text" : ""} />
              <span>
                <strong>{title}</strong>
                <span class="hint">{hint}</span>
              </span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
