// One customer: the guide's "After customer is added", details, and a tab for each part.
import type { ComponentChildren } from "preact";
import type { Customer, HistoryEntry } from "../api/types";
import { addText, canHaveDevices, canHold, levelName, serviceName } from "../levels";
import * as t from "../messages.en";
import { href, route } from "../route";
import { children, may, me, useList } from "../store";
import { Button, Copyable, Dot, LinkButton, minuteText, Skeleton, State, When } from "../ui/basics";
import { Icon } from "../ui/icon";
import { MenuButton } from "../ui/popover";
import { AccountsTable, accountList } from "./accounts";
import { CustomersTable, customerMenu } from "./customers_table";
import { DevicesTable, deviceList } from "./dashboard";
import { EditPage } from "./edit";
import { ChangesList, HistoryTable, historyList } from "./history";
import { InvoicingTable } from "./invoicing";
import { AskLocation, LocationRequests } from "./location_requests";
import {
  CONTACTS,
  CustomerLink,
  customerLands,
  endTrial,
  Facts,
  Location,
  PageHead,
  ParentName,
  restore,
  Tabs,
} from "./parts";

export function CustomerPage({ of }: { of: Customer }) {
  const { rest } = route.value;
  if (rest === "edit") return <EditPage key={of.id} of={of} />;
  if (rest === "ask-location" && may("change_customers")) return <AskLocation key={of.id} of={of} />;
  const tabs = [
    "",
    ...(canHold(of.level) ? ["customers"] : []),
    "devices",
    "accounts",
    ...(may("read_invoicing") ? ["invoicing"] : []),
    "history",
  ] as (keyof typeof t.customerTabs)[];
  const changes = may("change_customers");
  const add = changes && !of.archive && canHold(of.level);
  const addDevices = may("change_devices") && !of.archive;
  const both = addDevices && canHaveDevices(of.level);
  const addTest = href("dashboard", of.id, "add-test");
  const extra = [
    ...(both ? [{ text: t.addTestDevice, icon: "device" as const, href: addTest }] : []),
    ...customerMenu(of).filter(({ text }) => ![t.open, t.edit, t.addCustomer, t.history, t.restore].includes(text)),
  ];
  return (
    <div class={rest ? "page full" : "page"}>
      <PageHead
        title={of.name}
        tag={
          <>
            <span class="tag">{levelName(of.level)}</span>
            <State of={of} />
          </>
        }
        actions={
          <>
            {changes && of.archive && (
              <Button kind="primary" icon="undo" onClick={() => void restore(of)}>
                {t.restore}
              </Button>
            )}
            {changes && !of.archive && (
              <LinkButton icon="edit" href={href("customer", of.id, "edit")}>
                {t.edit}
              </LinkButton>
            )}
            {add && (
              <LinkButton icon="add" href={href("customers", of.id, "add")}>
                {addText(of)}
              </LinkButton>
            )}
            {addDevices && (
              <LinkButton icon="add" href={both ? href("dashboard", of.id, "add") : addTest}>
                {both ? t.addDevice : t.addTestDevice}
              </LinkButton>
            )}
            {extra.length > 0 && <MenuButton label={t.more} buttonClass="button bare" entries={extra} />}
          </>
        }
      />
      <Tabs
        label={of.name}
        current={rest}
        tabs={tabs.map((name) => ({ name, text: t.customerTabs[name], href: href("customer", of.id, name) }))}
      />
      {rest === "customers" ? (
        <CustomersTable of={of} />
      ) : rest === "devices" ? (
        <DevicesTable of={of} />
      ) : rest === "accounts" ? (
        <AccountsTable of={of} />
      ) : rest === "invoicing" ? (
        <InvoicingTable of={of} />
      ) : rest === "history" ? (
        <HistoryTable of={of} />
      ) : (
        <Overview of={of} />
      )}
    </div>
  );
}

function Overview({ of }: { of: Customer }) {
  // All parts are drawn together, so that nothing moves when the last one arrives.
  const lists = [
    useList(accountList(of.id, ""), 1),
    useList(deviceList(of.id), 1),
    useList(historyList(of.id), 100),
    useList(children(of.id), canHold(of.level) ? 1 : -1),
  ];
  const waiting = lists.some((each, at) => !each.ready && !each.error && (at < 3 || canHold(of.level)));
  return (
    <div class="overview">
      <div>
        {waiting ? (
          <Skeleton lines={8} />
        ) : (
          <>
            {!of.archive && <Steps key={of.id} of={of} />}
            {canHold(of.level) && <Below of={of} />}
            <Recent of={of} />
          </>
        )}
      </div>
      <aside aria-label={t.details}>
        <Details of={of} />
      </aside>
    </div>
  );
}

// ---------------------------------------------------------------- the guide's "After customer is added"

function Steps({ of }: { of: Customer }) {
  const accounts = useList(accountList(of.id, ""), 1);
  const devices = useList(deviceList(of.id), 1);
  if (!accounts.ready || !devices.ready) return null;
  const people = accounts.rows.length;
  const own = devices.rows.filter((each) => each.customer_id === of.id);
  const wrong = own.find((each) => each.matches === false);
  const right = own.length > 0 && !wrong;
  const s = t.steps;
  const steps: {
    done: boolean;
    bad?: boolean;
    title: string;
    hint: string;
    href: string;
    button: string;
    may: boolean;
  }[] = [
    {
      done: people > 0,
      title: s.account,
      hint: people > 0 ? s.accountDone(people) : s.accountHint,
      href: href("accounts", of.id, "add"),
      button: s.addAccount,
      may: may("change_accounts"),
    },
    {
      done: own.length > 0,
      title: s.device,
      hint: own.length > 0 ? s.deviceDone(own.length) : s.deviceHint,
      href: href("dashboard", of.id, "add-test"),
      button: t.addTestDevice,
      may: may("change_devices"),
    },
    {
      done: right,
      bad: Boolean(wrong),
      title: s.check,
      hint: wrong
        ? s.checkWrong(String(wrong.storage_location ?? t.unknownPlace), of.storage_location.name)
        : right
          ? s.checkDone(of.storage_location.name)
          : s.checkHint,
      href: href("dashboard", of.id, "check"),
      button: s.checkIt,
      may: true,
    },
  ];
  const done = steps.filter((each) => each.done).length;
  if (done === steps.length || of.id === me.value?.customer.id) return null;
  const next = steps.find((each) => !each.done && each.may);
  return (
    <section class="steps" aria-label={s.title}>
      <header>
        <h2>{s.title}</h2>
        <span class="side">{s.done(done, steps.length)}</span>
        <progress max={steps.length} value={done} aria-label={s.done(done, steps.length)} />
      </header>
      <ol>
        {steps.map((each, at) => (
          <li key={each.title} class={each.done ? "done" : each === next ? "next" : ""}>
            <span class="step-mark">{each.done ? <Icon name="check" /> : at + 1}</span>
            <div>
              <strong>{each.title}</strong>
              <p class={each.bad ? "warn-text" : ""}>{each.hint}</p>
            </div>
            {!each.done && each.may && (
              <LinkButton href={each.href} kind={each === next ? "primary" : "plain"}>
                {each.button}
              </LinkButton>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

// ---------------------------------------------------------------- parts of the overview

function Section({
  title,
  count,
  link,
  children: content,
}: {
  title: string;
  count?: ComponentChildren;
  link?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="part">
      <header>
        <h2>{title}</h2>
        {count !== undefined && <span class="side">{count}</span>}
        <span class="grow" />
        {link}
      </header>
      {content}
    </section>
  );
}

function Below({ of }: { of: Customer }) {
  const { rows, ready, complete } = useList(children(of.id), 1);
  if (!ready || rows.length === 0) return null;
  return (
    <Section
      title={t.menu.customers}
      count={complete ? rows.length : `${rows.length}+`}
      link={<a href={href("customer", of.id, "customers")}>{t.viewAll}</a>}
    >
      <div class="mini-scroll" tabIndex={0} role="region" aria-label={t.menu.customers}>
        <table class="mini">
          <thead>
            <tr>
              <th scope="col">{t.heads.name}</th>
              <th scope="col">{t.heads.state}</th>
              <th scope="col">{t.heads.country}</th>
              <th scope="col">{t.heads.location}</th>
              <th scope="col">{t.heads.added}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, 8).map((each) => (
              <tr key={each.id}>
                <td>
                  <CustomerLink id={each.id} name={each.name} />
                </td>
                <td>{["end_customer", "site"].includes(each.level) ? <State of={each} /> : levelName(each.level)}</td>
                <td>{each.device_country.name}</td>
                <td>
                  <Location of={each} />
                </td>
                <td>
                  <When at={each.created_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Recent({ of }: { of: Customer }) {
  const { rows, ready, complete } = useList(historyList(of.id), 100);
  if (!ready || rows.length === 0) return null;
  const last: HistoryEntry[] = [...rows].reverse().slice(0, 5);
  return (
    <Section
      title={complete ? t.recent : t.history}
      link={<a href={href("customer", of.id, "history")}>{t.viewHistory}</a>}
    >
      <ChangesList entries={last} />
    </Section>
  );
}

function Details({ of }: { of: Customer }) {
  const { storage_location: location, device_country: country } = of;
  const lands = customerLands(of);
  return (
    <>
      {of.trial && of.state === "in_trial" && (
        <Section title={t.trial}>
          <p class="trial-line">
            <span>{t.ends(minuteText(of.trial.ends_at))}</span>
            <strong>{t.daysLeft(of.trial.days_left)}</strong>
          </p>
          <progress
            class="trial"
            max={30}
            value={30 - of.trial.days_left}
            aria-label={t.daysLeft(of.trial.days_left)}
          />
          <p class="hint">{t.notInvoiced}</p>
          {may("change_customers") && !of.archive && of.level === "end_customer" && (
            <Button class="small danger-text" onClick={() => void endTrial(of)}>
              {t.endTrial}
            </Button>
          )}
        </Section>
      )}
      <Section title={t.details}>
        <Facts
          rows={[
            [t.heads.parent, <ParentName id={of.parent_id} />],
            [t.fields.level, levelName(of.level)],
            ...(of.service_type
              ? [[t.heads.service, serviceName(of.service_type)] as [string, ComponentChildren]]
              : []),
            ...(of.services_to_provide.length
              ? [[t.provides, of.services_to_provide.map(serviceName).join(", ")] as [string, ComponentChildren]]
              : []),
            [t.heads.country, country.name],
            ...CONTACTS.flatMap((name): [string, string][] => {
              const text = of[name];
              return text ? [[t.fieldNames[name] ?? name, text]] : [];
            }),
            ...(of.production_since && ["end_customer", "site"].includes(of.level)
              ? [[t.inProductionSince, <When at={of.production_since} time />] as [string, ComponentChildren]]
              : []),
            [t.heads.added, <When at={of.created_at} time />],
            [t.heads.id, <Copyable text={of.id} label={t.heads.id} short />],
          ]}
        />
      </Section>
      {Object.keys(of.references).length > 0 && (
        <Section title={t.references}>
          <Facts
            rows={Object.entries(of.references).map(([system, value]) => [system, <code key={system}>{value}</code>])}
          />
        </Section>
      )}
      {/* The last part, so that nothing moves when the requests arrive. */}
      <Section title={t.heads.location}>
        <Facts
          rows={[
            [t.heads.location, location.name],
            [
              t.heads.landsIn,
              lands ? <Dot kind="warn">{lands}</Dot> : <Dot kind="ok">{t.asChosen(location.name)}</Dot>,
            ],
            [t.decided, location.explanation],
          ]}
        />
        <LocationRequests key={of.id} of={of} />
      </Section>
    </>
  );
}
