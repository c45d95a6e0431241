// Invoicing of a month: the days of each end-customer.
import * as api from "../api/client";
import type { Customer, InvoicingRow } from "../api/types";
import { serviceName } from "../levels";
import * as t from "../messages.en";
import { route, setQuery } from "../route";
import { type List, list } from "../store";
import { Empty, When } from "../ui/basics";
import { type Column, Table } from "../ui/table";
import { CustomerLink, PageHead } from "./parts";

const invoicingList = (id: string, month: string): List<InvoicingRow> =>
  list(`invoicing/${id}/${month}`, async (cursor) => {
    const page = await api.invoicing(id, month, cursor);
    return { rows: page.rows, next: page.next_cursor, incomplete: page.incomplete };
  });

const COLUMNS: Column<InvoicingRow>[] = [
  {
    name: "name",
    title: t.heads.customer,
    cell: (of) => <CustomerLink id={of.customer_id} name={of.name} />,
    value: (of) => of.name,
  },
  {
    name: "service",
    title: t.heads.service,
    cell: (of) => serviceName(of.service_type),
    value: (of) => serviceName(of.service_type),
  },
  { name: "from", title: t.heads.from, cell: (of) => <When at={of.invoice_from} />, value: (of) => of.invoice_from },
  { name: "start", title: t.heads.when, cell: (of) => of.start, value: (of) => of.start, on: false },
  { name: "days", title: t.heads.invoiceDays, cell: (of) => of.days, value: (of) => of.days, numeric: true },
  ...(["workstation", "server"] as const).map(
    (kind): Column<InvoicingRow> => ({
      name: kind,
      title: t.deviceDays[kind],
      cell: (of) => of.device_days[kind],
      value: (of) => of.device_days[kind],
      numeric: true,
    }),
  ),
];

export function InvoicingPage({ of }: { of: Customer }) {
  return (
    <div class="page full">
      <PageHead title={t.menu.invoicing} side={t.customersOf(of.name)} />
      <InvoicingTable of={of} />
    </div>
  );
}

export function InvoicingTable({ of }: { of: Customer }) {
  const month = /^\d{4}-\d\d$/.test(route.value.query.month ?? "")
    ? (route.value.query.month ?? "")
    : new Date().toISOString().slice(0, 7);
  return (
    <Table
      key={month}
      id="invoicing"
      caption={t.invoicingOf(of.name, month)}
      list={invoicingList(of.id, month)}
      columns={COLUMNS}
      rowKey={(each) => `${each.customer_id} ${each.start}`}
      rowName={(each) => each.name}
      find={{ label: t.findByName }}
      noun={t.invoicingCount}
      fileName={`invoicing-${month}`}
      empty={<Empty title={t.noInvoicing}>{t.noInvoicingHint}</Empty>}
      tools={
        <label class="month">
          <span>{t.month}</span>{" "}
          <input
            class="input"
            type="month"
            value={month}
            onChange={(event) => {
              if (event.currentTarget.value) setQuery({ month: event.currentTarget.value, page: undefined });
            }}
          />
        </label>
      }
    />
  );
}
