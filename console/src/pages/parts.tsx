// Parts that several pages share: page heads, tabs, names of customers, storage locations and what they mean.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import * as api from "../api/client";
import type { Problem } from "../api/problem";
import type { Account, Catalogue, Customer } from "../api/types";
import * as t from "../messages.en";
import { go, href } from "../route";
import { asProblem, changed, customerEntry, entry, known, me, need, refreshLists, useEntry } from "../store";
import { Notice } from "../ui/basics";
import { ask } from "../ui/dialog";
import { type Form, TextField, type Values } from "../ui/form";
import { say } from "../ui/toast";

export function PageHead({
  title,
  tag,
  side,
  actions,
  children,
}: {
  title: string;
  tag?: ComponentChildren;
  side?: ComponentChildren;
  actions?: ComponentChildren;
  children?: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} · ${t.product}`;
  }, [title]);
  return (
    <header class="page-head">
      <h1>{title}</h1>
      {tag}
      {side && <span class="side">{side}</span>}
      <span class="grow" />
      {actions && <div class="page-actions">{actions}</div>}
      {children}
    </header>
  );
}

export interface Tab {
  name: string;
  text: ComponentChildren;
  href: string;
}
export function Tabs({ label, tabs, current }: { label: string; tabs: Tab[]; current: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((each) => (
        <a key={each.name} href={each.href} aria-current={each.name === current ? "page" : undefined}>
          {each.text}
        </a>
      ))}
    </nav>
  );
}

/** Names and values, such as the details of a customer. */
export const Facts = ({ rows }: { rows: [name: string, value: ComponentChildren][] }) => (
  <dl>
    {rows.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

export const CustomerLink = ({ id, name }: { id: string; name?: string | undefined }) => (
  <a class="name-link" href={href("customer", id)}>
    {name ?? known(id)?.name ?? id}
  </a>
);

/** The name of a customer that may not be read yet, or may be above the user's company. */
export function ParentName({ id }: { id: string | null }) {
  useEffect(() => {
    if (id && !isAbove(id)) void need([id]);
  }, [id]);
  if (!id) return <>{t.none}</>;
  if (isAbove(id)) return <>{t.aboveCompany}</>;
  const of = customerEntry(id).state.value.data;
  return of ? (
    <a class="quiet-link" href={href("customer", id)}>
      {of.name}
    </a>
  ) : (
    <>…</>
  );
}
const isAbove = (id: string): boolean => {
  const path = me.value?.customer.path.split("/") ?? [];
  return path.includes(id) && id !== me.value?.customer.id;
};
export const parentText = (customer: Customer): string =>
  customer.parent_id && !isAbove(customer.parent_id) ? (known(customer.parent_id)?.name ?? "") : "";

// ---------------------------------------------------------------- storage locations

export const catalogueEntry = () => entry("catalogue", api.catalogue);

/** Where the data of a location lands by today's routing, if it is another country. */
export function landsElsewhere(code: string, catalogue: Catalogue | undefined): string | null {
  const of = catalogue?.locations.find((each) => each.code === code);
  return of && of.routed_to.code !== code ? of.routed_to.name : null;
}

/** Where the data of a customer lands, if it is another country. */
export const customerLands = ({ storage_location: of, lands_in: lands }: Landing): string | null =>
  lands?.code === of.code ? null : (lands?.name ?? t.unknownPlace);
type Landing = Pick<Customer, "storage_location" | "lands_in">;

export function Location({ of }: { of: Landing }) {
  const lands = customerLands(of);
  return (
    <>
      {of.storage_location.name}
      {lands && <span class="lands"> {t.landsIn(lands)}</span>}
    </>
  );
}

/** Said at the moment of choice: that the data lands in another country than the chosen location. */
export const LandsNotice = ({ name, lands }: { name: string; lands: string | null }) =>
  lands && (
    <Notice kind="warn">
      <strong>{t.landsToday(lands)}</strong> {t.landsWhy(name, lands)}
    </Notice>
  );

/** Whom to consult about data centres, as the guide says. */
export function AccountManager() {
  const name = me.value?.account_manager;
  return name ? <p class="hint">{t.yourAccountManager(name)}</p> : null;
}

// ---------------------------------------------------------------- people

export const CONTACTS = ["contact_email", "account_manager"] as const;
type Contact = (typeof CONTACTS)[number];

/** The fields of the contacts that a customer can have. */
export const Contacts = <V extends Record<Contact, string> & Values>({
  form,
  of,
}: {
  form: Form<V>;
  of: (name: Contact) => boolean;
}) =>
  CONTACTS.filter(of).map((name) => (
    <TextField
      key={name}
      form={form}
      name={name}
      optional
      label={t.fieldNames[name] ?? name}
      hint={t.contactHints[name]}
      input={name === "contact_email" ? { type: "email", maxLength: 254 } : { maxLength: 128 }}
    />
  ));

const account = (id: string) => entry<Account>(`account/${id}`, () => api.account(id));

/** Who did something: a person's name if this user may read the account. */
export function Actor({ id }: { id: string }) {
  const isAccount = id.startsWith("acc_") && id !== me.value?.account.id;
  return isAccount ? (
    <OtherAccount id={id} />
  ) : t.systemActors[id] ? (
    t.systemActors[id]
  ) : id === me.value?.account.id ? (
    t.you
  ) : (
    id
  );
}
/** The account that something is about, as a link to it. */
export const AccountName = ({ id, customerId }: { id: string; customerId: string }) => (
  <a class="quiet-link" href={href("accounts", customerId, id)}>
    <Actor id={id} />
  </a>
);
function OtherAccount({ id }: { id: string }) {
  const { data, error } = useEntry(account(id));
  return data ? (
    data.display_name
  ) : (
    <span class="mono" title={id}>
      {error ? `${id.slice(0, 10)}…` : "…"}
    </span>
  );
}

// ---------------------------------------------------------------- actions

/** Do something; say why it did not work. */
export async function attempt(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    say(t.errorText(asProblem(error)), { kind: "bad" });
  }
}

export const archive = (of: Customer) =>
  attempt(async () => {
    try {
      const archived = await api.archiveCustomer(known(of.id) ?? of);
      changed(archived);
      say(t.archived(of.name), { undo: () => void restore(archived) });
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code !== "archive_blocked") throw problem;
      await showBlocking(of, problem);
    }
  });

/** Name what is to be archived or removed before the customer can be archived: the first 100. */
async function showBlocking(of: Customer, { errors, body }: Problem): Promise<void> {
  const devices = errors.filter((each) => each.device_id);
  const unnamed = Number(body.devices ?? 0) - devices.length;
  const answer = await ask({
    title: t.blockedTitle(of.name),
    consequences: [
      ...errors.map((each) => ({
        icon: each.device_id ? ("device" as const) : ("customers" as const),
        text: each.detail ?? String(each.device_id ?? each.customer_id),
      })),
      ...(unnamed > 0 ? [{ icon: "more" as const, text: t.moreDevices(unnamed) }] : []),
    ],
    yes: devices.length ? t.showDevices : t.showCustomers,
    no: t.close,
  });
  if (answer === "yes") go(href("customer", of.id, devices.length ? "devices" : "customers"));
}

export const restore = (of: Customer) =>
  attempt(async () => {
    changed(await api.restoreCustomer(known(of.id) ?? of));
    say(t.restored(of.name));
  });

export async function archiveMany(customers: Customer[]): Promise<void> {
  const done: Customer[] = [];
  let failed = "";
  for (const each of customers) {
    try {
      done.push(await api.archiveCustomer(known(each.id) ?? each));
    } catch (error) {
      failed = t.notArchived(each.name, t.errorText(asProblem(error)));
    }
  }
  done.forEach(changed);
  const undo = () =>
    void attempt(async () => {
      for (const each of done) changed(await api.restoreCustomer(each));
    });
  say([done.length ? `${t.archivedMany(done.length)}.` : "", failed].join(" ").trim(), {
    kind: failed ? "bad" : "ok",
    ...(done.length ? { undo } : {}),
  });
}

export async function endTrial(of: Customer): Promise<void> {
  const answer = await ask({
    title: t.endTrialTitle(of.name),
    consequences: [
      { icon: "invoice", text: t.endTrialNow(of.trial?.days_left ?? 0) },
      { icon: "clock", text: t.endTrialSites },
      { icon: "lock", text: t.endTrialFinal },
    ],
    yes: t.endTrialYes,
    danger: true,
    type: { label: t.typeName, text: of.name },
  });
  if (answer !== "yes") return;
  await attempt(async () => {
    await api.endTrial(known(of.id) ?? of);
    changed(await api.customer(of.id));
    refreshLists("customers?");
    say(t.trialEnded(of.name));
  });
}
