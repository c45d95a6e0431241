// Active trials of a customer and all below it. Those that end first come first. For support: trials by reseller.
import * as api from "../api/client";
import type { Customer, TrialStarts } from "../api/types";
import * as t from "../messages.en";
import { href, route } from "../route";
import { customerList, list, may } from "../store";
import { Empty, leftText, When } from "../ui/basics";
import { type Column, Table } from "../ui/table";
import { COLUMNS, CustomerRows } from "./customers_table";
import { CustomerLink, PageHead, Tabs } from "./parts";

const columns: Column<Customer>[] = [
  COLUMNS.name,
  COLUMNS.trialEnds,
  {
    name: "daysLeft",
    title: t.heads.daysLeft,
    cell: (of: Customer) => (of.trial ? leftText(of.trial.days_left) : null),
    value: (of: Customer) => of.trial?.days_left ?? null,
  },
  COLUMNS.parent,
  COLUMNS.location,
  COLUMNS.service,
  COLUMNS.country,
].filter((each) => each !== undefined);

export function TrialsPage({ of }: { of: Customer }) {
  const support = may("support");
  const rest = support ? route.value.rest : "";
  return (
    <div class="page full">
      <PageHead title={t.menu.trials} side={rest ? "" : t.customersOf(of.name)} />
      {support && (
        <Tabs
          label={t.views}
          current={rest}
          tabs={Object.entries(t.trialTabs).map(([name, text]) => ({ name, text, href: href("trials", of.id, name) }))}
        />
      )}
      {rest ? (
        <StartsTable />
      ) : (
        <CustomerRows
          of={of}
          view="trial"
          columns={columns}
          rows={customerList({ within: of.id, level: "end_customer", state: "in_trial" })}
        />
      )}
    </div>
  );
}

const STARTS: Column<TrialStarts>[] = [
  {
    name: "name",
    title: t.levels.reseller,
    cell: (of) => <CustomerLink id={of.customer_id} name={of.name} />,
    value: (of) => of.name,
  },
  { name: "started", title: t.menu.trials, cell: (of) => of.started, value: (of) => of.started, numeric: true },
  {
    name: "last",
    title: t.heads.last,
    cell: (of) => <When at={of.last_started_on} />,
    value: (of) => of.last_started_on,
  },
];

const StartsTable = () => (
  <Table
    id="trial-starts"
    caption={t.trialTabs["by-reseller"]}
    list={list("trial-starts", async (cursor) => {
      const page = await api.trialStarts(cursor);
      return { rows: page.resellers, next: page.next_cursor, incomplete: page.incomplete };
    })}
    columns={STARTS}
    rowKey={(each) => each.customer_id}
    rowName={(each) => each.name}
    find={{ label: t.findByName }}
    noun={t.resellerCount}
    fileName="trials-by-reseller"
    empty={<Empty title={t.noStarts} />}
  />
);
