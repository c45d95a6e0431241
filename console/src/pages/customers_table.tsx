// Customers in a table: those directly below, all below, in trial, archived, and those whose data lands elsewhere.
import { useEffect } from "preact/hooks";
import * as api from "../api/client";
import type { Customer, Drift } from "../api/types";
import { canHold, levelName, serviceName } from "../levels";
import * as t from "../messages.en";
import { href, route } from "../route";
import { customerList, known, type List, list, may, me, need } from "../store";
import { Button, dayText, Empty, LinkButton, State, When } from "../ui/basics";
import type { MenuEntry } from "../ui/popover";
import { type Column, type Filter, Table } from "../ui/table";
import { archive, archiveMany, CustomerLink, endTrial, Location, ParentName, parentText, restore, Tabs } from "./parts";

const stateText = (of: Customer): string =>
  of.archive
    ? t.archivedUntil(dayText(of.archive.removed_at))
    : ["end_customer", "site"].includes(of.level)
      ? t.word(t.states, of.state)
      : "";

export const COLUMNS: Record<string, Column<Customer>> = {
  name: {
    name: "name",
    title: t.heads.name,
    cell: (of) => <CustomerLink id={of.id} name={of.name} />,
    value: (of) => of.name,
  },
  state: {
    name: "state",
    title: t.heads.state,
    cell: (of) => (stateText(of) ? <State of={of} /> : null),
    value: stateText,
  },
  level: { name: "level", title: t.heads.level, cell: (of) => levelName(of.level), value: (of) => levelName(of.level) },
  location: {
    name: "location",
    title: t.heads.location,
    cell: (of) => <Location of={of} />,
    value: (of) => of.storage_location.name,
  },
  parent: { name: "parent", title: t.heads.parent, cell: (of) => <ParentName id={of.parent_id} />, value: parentText },
  service: {
    name: "service",
    title: t.heads.service,
    cell: (of) => serviceName(of.service_type),
    value: (of) => serviceName(of.service_type),
  },
  country: {
    name: "country",
    title: t.heads.country,
    cell: (of) => of.device_country.name,
    value: (of) => of.device_country.name,
  },
  trialEnds: {
    name: "trialEnds",
    title: t.heads.trialEnds,
    cell: (of) => of.state === "in_trial" && of.trial && <When at={of.trial.ends_at} />,
    value: (of) => (of.state === "in_trial" ? (of.trial?.ends_at ?? null) : null),
  },
  added: {
    name: "added",
    title: t.heads.added,
    cell: (of) => <When at={of.created_at} />,
    value: (of) => of.created_at,
  },
  references: {
    name: "references",
    title: t.heads.references,
    cell: (of) => referencesText(of),
    value: (of) => referencesText(of),
    on: false,
  },
  id: { name: "id", title: t.heads.id, cell: (of) => <code>{of.id}</code>, value: (of) => of.id, on: false },
};
const referencesText = (of: Customer) =>
  Object.entries(of.references)
    .map(([system, value]) => `${system} ${value}`)
    .join(", ") || null;
const pickColumns = (names: string[], hidden: string[] = []): Column<Customer>[] =>
  [...names, ...Object.keys(COLUMNS).filter((each) => !names.includes(each))].flatMap((name) => {
    const column = COLUMNS[name];
    return column ? [{ ...column, on: names.includes(name) && !hidden.includes(name) }] : [];
  });

const FILTERS: Filter<Customer>[] = [
  {
    name: "level",
    title: t.heads.level,
    options: Object.entries(t.levels)
      .slice(1)
      .map(([value, text]) => ({ value, text })),
  },
  { name: "state", title: t.heads.state, options: Object.entries(t.states).map(([value, text]) => ({ value, text })) },
];
/** The lists that the service can filter have both; the rows of the others are filtered here. */
const here = (filters: Filter<Customer>[]): Filter<Customer>[] =>
  filters.map((each) => ({
    ...each,
    test: (of, value) =>
      each.name === "level" ? of.level === value : ["end_customer", "site"].includes(of.level) && of.state === value,
  }));

export function customerMenu(of: Customer): MenuEntry[] {
  const open: MenuEntry = { text: t.open, icon: "customers", href: href("customer", of.id) };
  const history: MenuEntry = { text: t.history, icon: "clock", href: href("customer", of.id, "history") };
  if (!may("change_customers")) return [open, history];
  if (of.archive) return [open, { text: t.restore, icon: "undo", act: () => void restore(of) }, history];
  const own = of.id === me.value?.customer.id;
  return [
    open,
    ...(canHold(of.level)
      ? [{ text: t.addCustomer, icon: "add" as const, href: href("customers", of.id, "add") }]
      : []),
    { text: t.edit, icon: "edit", href: href("customer", of.id, "edit") },
    history,
    ...(of.state === "in_trial" && of.level === "end_customer"
      ? [{ text: t.endTrial, icon: "invoice" as const, act: () => void endTrial(of) }]
      : []),
    ...(own ? [] : [{ text: t.archive, icon: "archive" as const, act: () => void archive(of), danger: true }]),
  ];
}

export function CustomersTable({ of }: { of: Customer }) {
  const query = route.value.query;
  const view = query.view ?? "";
  const { page, rest } = route.value;
  const tabs = [
    ["", t.tabs.below],
    ["all", t.tabs.all],
    ["trial", t.tabs.trial],
    ["elsewhere", t.tabs.elsewhere],
    ["archived", t.tabs.archived],
  ] as const;
  return (
    <>
      <Tabs
        label={t.tabsLabel}
        current={view}
        tabs={tabs.map(([name, text]) => ({ name, text, href: href(page, of.id, rest, { view: name }) }))}
      />
      {view === "elsewhere" ? <DriftTable of={of} /> : <ViewTable key={view} of={of} view={view} />}
    </>
  );
}

function ViewTable({ of, view }: { of: Customer; view: string }) {
  const { level, state, q } = route.value.query;
  const within = { within: of.id, ...(level ? { level } : {}), ...(state ? { state } : {}) };
  const of_ = {
    "": () => customerList({ parent_id: of.id, ...(q ? { name_prefix: q } : {}) }),
    all: () => customerList(within),
    trial: () => customerList({ within: of.id, level: "end_customer", state: "in_trial" }),
    archived: () => customerList({ within: of.id, archived: true }),
  };
  const rows = (of_[view as keyof typeof of_] ?? of_[""])();
  return <CustomerRows of={of} view={view} rows={rows} />;
}

export function CustomerRows({
  of,
  view,
  rows,
  columns,
}: {
  of: Customer;
  view: string;
  rows: List<Customer>;
  columns?: Column<Customer>[];
}) {
  const seen = rows.state.value.rows;
  useEffect(() => {
    const above = new Set((me.value?.customer.path ?? "").split("/").slice(0, -1));
    void need([
      ...new Set(seen.flatMap((each) => (each.parent_id && !above.has(each.parent_id) ? [each.parent_id] : []))),
    ]);
  }, [seen]);
  const direct = view === "";
  const add = may("change_customers") && canHold(of.level) && !of.archive && (
    <LinkButton icon="add" href={href("customers", of.id, "add")}>
      {t.addCustomer}
    </LinkButton>
  );
  const empty = {
    "": canHold(of.level) ? (
      <Empty title={t.noCustomers(of.name)} action={add}>
        {t.noCustomersHint}
      </Empty>
    ) : (
      <Empty title={t.siteHolds} />
    ),
    all: (
      <Empty title={t.noCustomers(of.name)} action={add}>
        {t.noCustomersHint}
      </Empty>
    ),
    trial: <Empty title={t.noTrials}>{t.noTrialsHint}</Empty>,
    archived: <Empty title={t.noArchived}>{t.noArchivedHint}</Empty>,
  }[view] ?? <Empty title={t.noCustomers(of.name)} />;
  const shown =
    columns ??
    (direct
      ? pickColumns(["name", "state", "level", "location", "service", "country", "added"])
      : view === "trial"
        ? pickColumns(["name", "trialEnds", "state", "location", "parent", "service", "country"])
        : view === "archived"
          ? pickColumns(["name", "state", "level", "parent", "location", "added"])
          : pickColumns(["name", "state", "level", "parent", "location", "service", "country", "added"]));
  return (
    <Table
      id={`customers-${view || "below"}`}
      caption={t.customersOf(of.name)}
      list={rows}
      columns={shown}
      rowKey={(each) => each.id}
      newest={(each) => known(each.id) ?? each}
      rowName={(each) => each.name}
      {...(direct ? { native: "name" } : view === "trial" ? { order: "trialEnds" } : {})}
      find={direct ? { label: t.findByNameStart, server: true } : { label: t.findByName }}
      filters={direct ? here(FILTERS.slice(0, 1)) : view === "all" ? FILTERS : []}
      menu={customerMenu}
      empty={empty}
      noun={view === "trial" ? t.trialCount : t.customerCount}
      fileName="customers"
      {...(may("change_customers")
        ? {
            bulk: (chosen: Customer[], done: () => void) => (
              <Button
                kind="quiet"
                icon={view === "archived" ? "undo" : "archive"}
                onClick={() => {
                  done();
                  if (view === "archived") chosen.forEach((each) => void restore(each));
                  else void archiveMany(chosen);
                }}
              >
                {view === "archived" ? t.restore : t.archive}
              </Button>
            ),
          }
        : {})}
    />
  );
}

export const driftList = (id: string): List<Drift> =>
  list(`drift/${id}`, async (cursor) => {
    const page = await api.drift(id, cursor);
    return { rows: page.drift, next: page.next_cursor, incomplete: page.incomplete };
  });

function DriftTable({ of }: { of: Customer }) {
  const columns: Column<Drift>[] = [
    {
      name: "name",
      title: t.heads.name,
      cell: (each) => <CustomerLink id={each.customer_id} name={each.name} />,
      value: (each) => each.name,
    },
    {
      name: "level",
      title: t.heads.level,
      cell: (each) => levelName(each.level),
      value: (each) => levelName(each.level),
    },
    {
      name: "expected",
      title: t.heads.location,
      cell: (each) => each.expected.name,
      value: (each) => each.expected.name,
    },
    {
      name: "actual",
      title: t.heads.landsIn,
      cell: (each) => <span class="warn-text">{each.actual?.name ?? t.unknownPlace}</span>,
      value: (each) => each.actual?.name ?? t.unknownPlace,
    },
  ];
  return (
    <Table
      id="drift"
      caption={t.tabs.elsewhere}
      list={driftList(of.id)}
      columns={columns}
      rowKey={(each) => each.customer_id}
      rowName={(each) => each.name}
      find={{ label: t.findByName }}
      empty={<Empty title={t.noDrift}>{t.noDriftHint}</Empty>}
      noun={t.customerCount}
      fileName="lands-elsewhere"
    />
  );
}
