// The changes of a customer: when, what, by whom, from and to.
import * as api from "../api/client";
import type { Customer, HistoryEntry } from "../api/types";
import { levelName, serviceName } from "../levels";
import * as t from "../messages.en";
import { type List, list } from "../store";
import { Empty, When } from "../ui/basics";
import { type Column, Table } from "../ui/table";
import { Actor } from "./parts";

export const historyList = (id: string): List<HistoryEntry> =>
  list(`history/${id}`, async (cursor) => {
    const page = await api.history(id, cursor);
    return { rows: page.entries, next: page.next_cursor, incomplete: page.incomplete };
  });

const eventText = (of: HistoryEntry) => t.events[of.event] ?? of.event.replaceAll("_", " ");

function valueText(value: unknown): string {
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
  return serviceName(text) !== text ? (serviceName(text) ?? text) : levelName(text);
}

const changesText = (of: HistoryEntry): string[] => [
  ...Object.entries(of.changes).map(([name, change]) => {
    const { from, to } = change as { from?: unknown; to?: unknown };
    return `${t.fieldNames[name] ?? name.replaceAll("_", " ")}: ${from === null || from === undefined ? "" : `${valueText(from)} → `}${valueText(to)}`;
  }),
  ...(of.reason ? [t.reason(of.reason)] : []),
];

const COLUMNS: Column<HistoryEntry>[] = [
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

export function HistoryTable({ of }: { of: Customer }) {
  return (
    <Table
      id="history"
      caption={t.historyOf(of.name)}
      list={historyList(of.id)}
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
