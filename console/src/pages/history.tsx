// The changes of a customer, of an account, and of all within a customer: when, what, by whom, from and to.
import * as api from "../api/client";
import type { Account, AuditEntry, Customer, HistoryEntry } from "../api/types";
import * as t from "../messages.en";
import { href, route, setQuery } from "../route";
import { type List, list } from "../store";
import { Empty, minuteText, When } from "../ui/basics";
import type { MenuEntry } from "../ui/popover";
import { type Column, type Filter, Table } from "../ui/table";
import { AccountName, Actor, PageHead, ParentName } from "./parts";

export const historyList = (id: string): List<HistoryEntry> =>
  list(`history/${id}`, async (cursor) => {
    const page = await api.history(id, cursor);
    return { rows: page.entries, next: page.next_cursor, incomplete: page.incomplete };
  });

const accountHistoryList = (id: string): List<HistoryEntry> =>
  list(`account-history/${id}`, async (cursor) => {
    const page = await api.accountHistory(id, cursor);
    return { rows: page.entries, next: page.next_cursor, incomplete: page.incomplete };
  });

type Entry = Pick<HistoryEntry, "event" | "at" | "by" | "version" | "changes"> & { reason?: string | null };

const eventText = (of: Entry) => t.events[of.event] ?? of.event.replaceAll("_", " ");

/** The text of a value: a word of the system, a time, or as it is: a name or an id. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return t.none.toLowerCase();
  if (Array.isArray(value)) return value.map(valueText).join(", ") || t.none.toLowerCase();
  if (typeof value === "boolean") return value ? t.yes : t.no;
  if (typeof value === "object")
    return (
      Object.entries(value)
        .map(([name, each]) => `${name} ${valueText(each)}`)
        .join(", ") || t.none.toLowerCase()
    );
  const text = String(value);
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return minuteText(text);
  const words: Record<string, string> = { ...t.roles, ...t.services, ...t.levels };
  return words[text] ?? text;
}

const changesText = (of: Entry): string[] => [
  ...Object.entries(of.changes).map(([name, change]) => {
    const { from, to } = change as { from?: unknown; to?: unknown };
    const field = t.fieldNames[name] ?? name.replaceAll("_", " ");
    if (from === undefined && to === undefined) return field; // a name or an address
    return `${field}: ${from === null || from === undefined ? "" : `${valueText(from)} → `}${valueText(to)}`;
  }),
  ...(of.reason ? [t.reason(of.reason)] : []),
];

const COLUMNS: Column<Entry>[] = [
  { name: "when", title: t.heads.when, cell: (of) => <When at={of.at} time />, value: (of) => of.at },
  { name: "what", title: t.heads.what, cell: (of) => <strong>{eventText(of)}</strong>, value: eventText },
  { name: "by", title: t.heads.by, cell: (of) => <Actor id={of.by} />, value: (of) => of.by },
  {
    name: "changes",
    title: t.heads.changes,
    cell: (of) => (
      <span class="clip" title={changesText(of).join("\n")}>
        {changesText(of).join(" · ")}
      </span>
    ),
    value: (of) => changesText(of).join("; "),
  },
];

export const HistoryTable = ({ of }: { of: Customer }) => <Changes name={of.name} rows={historyList(of.id)} />;

export const AccountHistory = ({ of }: { of: Account }) => (
  <section class="part">
    <h2>{t.history}</h2>
    <Changes name={of.display_name} rows={accountHistoryList(of.id)} />
  </section>
);

function Changes({ name, rows }: { name: string; rows: List<HistoryEntry> }) {
  return (
    <Table
      id="history"
      caption={t.historyOf(name)}
      list={rows}
      columns={COLUMNS}
      rowKey={(each) => `${each.at} ${each.event} ${each.version}`}
      rowName={eventText}
      native="when"
      empty={<Empty title={t.nothingHappened} />}
      noun={t.historyCount}
      fileName="history"
    />
  );
}

// ---------------------------------------------------------------- the audit log

const SEARCHED = ["types", "by", "from", "to"] as const;

const auditList = (id: string, query: Partial<Record<string, string>>): List<AuditEntry> => {
  const filter = Object.fromEntries(SEARCHED.map((name) => [name, query[name]]));
  return list(`audit/${id}/${JSON.stringify(filter)}`, async (cursor) => {
    const page = await api.audit({ within: id, ...filter, cursor, limit: 100 });
    return { rows: page.entries, next: page.next_cursor, incomplete: page.incomplete };
  });
};

const AUDIT_COLUMNS: Column<AuditEntry>[] = [
  ...COLUMNS.slice(0, 2),
  {
    name: "customer",
    title: t.heads.customer,
    cell: (of) => <ParentName id={of.customer_id} />,
    value: (of) => of.customer_id,
  },
  {
    name: "account",
    title: t.account,
    cell: (of) => of.account_id && <AccountName id={of.account_id} customerId={of.customer_id} />,
    value: (of) => of.account_id,
  },
  ...COLUMNS.slice(2),
  { name: "request", title: t.requestId, cell: (of) => of.request_id, value: (of) => of.request_id, on: false },
];

const auditMenu = (of: AuditEntry): MenuEntry[] => [
  { text: t.onlyBy, icon: "account", act: () => setQuery({ by: of.by, page: undefined }) },
  { text: t.onlyThis, icon: "search", act: () => setQuery({ types: of.event, page: undefined }) },
  { text: t.openCustomer, icon: "customers", href: href("customer", of.customer_id) },
];

export function AuditPage({ of }: { of: Customer }) {
  const { query } = route.value;
  const filters: Filter<AuditEntry>[] = [
    {
      name: "types",
      title: t.heads.what,
      options: Object.entries(t.events)
        .filter(([value]) => value !== "trial_ending") // the schedule sends it
        .map(([value, text]) => ({ value, text })),
    },
    ...(query.by ? [{ name: "by", title: t.heads.by, options: [{ value: query.by, text: query.by }] }] : []),
  ];
  return (
    <div class="page full">
      <PageHead title={t.menu.audit} side={t.customersOf(of.name)} />
      <Table
        key={SEARCHED.map((name) => query[name]).join()}
        id="audit"
        caption={t.historyOf(of.name)}
        list={auditList(of.id, query)}
        columns={AUDIT_COLUMNS}
        rowKey={(each) => `${each.at} ${each.event} ${each.account_id ?? each.customer_id} ${each.version}`}
        rowName={eventText}
        native="-when"
        filters={filters}
        menu={auditMenu}
        empty={<Empty title={t.nothingHappened} />}
        noun={t.historyCount}
        fileName="audit"
        tools={
          <>
            <Day name="from" text={t.fromDay} />
            <Day name="to" text={t.toDay} />
          </>
        }
      />
    </div>
  );
}

const Day = ({ name, text }: { name: "from" | "to"; text: string }) => (
  <label class="month">
    <span>{text}</span>{" "}
    <input
      class="input"
      type="date"
      value={route.value.query[name] ?? ""}
      onChange={(event) => setQuery({ [name]: event.currentTarget.value || undefined, page: undefined })}
    />
  </label>
);

/** The last changes in short. */
export function ChangesList({ entries }: { entries: HistoryEntry[] }) {
  return (
    <ul class="changes">
      {entries.map((each) => (
        <li key={`${each.at} ${each.event}`}>
          <When at={each.at} time />
          <span>
            <strong>{eventText(each)}</strong>{" "}
            <span class="side">
              <Actor id={each.by} />
              {each.event === "customer_changed" && ` · ${changesText(each).join(" · ")}`}
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}
