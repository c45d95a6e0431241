// Active trials of a customer and all below it. Those that end first come first.
import type { Customer } from "../api/types";
import * as t from "../messages.en";
import { customerList } from "../store";
import { leftText } from "../ui/basics";
import type { Column } from "../ui/table";
import { COLUMNS, CustomerRows } from "./customers_table";
import { PageHead } from "./parts";

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
  return (
    <div class="page full">
      <PageHead title={t.menu.trials} side={t.customersOf(of.name)} />
      <CustomerRows
        of={of}
        view="trial"
        columns={columns}
        rows={customerList({ within: of.id, level: "end_customer", state: "in_trial" })}
      />
    </div>
  );
}
