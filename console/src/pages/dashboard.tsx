// Backup > Dashboard: devices as rows with columns, views above the table, and the check of where data lands.
import { useEffect, useState } from "preact/hooks";
import * as api from "../api/client";
import type { AddedDevice, Customer, DeviceKind } from "../api/types";
import { canHaveDevices, levelName, serviceName } from "../levels";
import * as t from "../messages.en";
import { pref } from "../prefs";
import { href, route, setQuery } from "../route";
import { entry, type List, list, may, refreshLists, useEntry, useList } from "../store";
import { Button, Copyable, Dot, Empty, Failed, LinkButton, Notice, Skeleton, When } from "../ui/basics";
import { ask, reveal } from "../ui/dialog";
import { Choices, FormPage, TextField, useForm } from "../ui/form";
import { Popover } from "../ui/popover";
import { type Column, Table } from "../ui/table";
import { say } from "../ui/toast";
import { driftList } from "./customers_table";
import { attempt, CustomerLink, PageHead, Tabs } from "./parts";

type Row = Record<string, unknown>;
const viewsEntry = () => entry("views", api.views);
/** The columns of the check: where data lands beside where it should. */
const CHECK = ["name", "customer", "country", "expected_storage_location", "storage_location", "matches"];
/** The view that was used last. It is shown when the dashboard is opened. */
const lastView = pref("view", "default");

/** All columns of the devices, so that ticking a column reads nothing again and keeps the place. */
export const deviceList = (id: string): List<Row> =>
  list(`devices/${id}`, async (cursor) => {
    const { columns } = viewsEntry().state.peek().data ?? (await api.views());
    const page = await api.devices(id, columns.map((each) => each.name).join(","), cursor);
    return { rows: page.rows, next: page.next_cursor, incomplete: page.incomplete };
  });

function text(name: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? t.yes : t.no;
  if (name === "level") return levelName(String(value));
  if (name === "device_kind") return t.word(t.deviceKinds, String(value));
  if (name === "service_type") return serviceName(String(value)) ?? "";
  if (name === "state") return t.states[value as keyof typeof t.states] ?? String(value);
  return String(value);
}

function cell(name: string, row: Row) {
  const value = row[name];
  if (name === "name") return <span class="strong">{String(value)}</span>;
  if (name === "customer") return <CustomerLink id={String(row.customer_id)} name={String(value)} />;
  if (name.endsWith("_at") && value) return <When at={String(value)} />;
  if (name === "storage_location") {
    const matches = row.matches !== false;
    return (
      <Dot kind={matches ? "ok" : "warn"}>
        {text(name, value) || t.unknownPlace}{" "}
        {!matches && <span class="lands">{t.expected(text("", row.expected_storage_location))}</span>}
      </Dot>
    );
  }
  if (name === "matches") return <Dot kind={value === false ? "warn" : "ok"}>{text(name, value)}</Dot>;
  if (name === "id" || name.endsWith("_id")) return <code>{String(value ?? "")}</code>;
  return text(name, value);
}

export function DashboardPage({ of }: { of: Customer }) {
  const { rest } = route.value;
  if (rest === "add" || rest === "add-test")
    return <AddDevice key={of.id + rest} of={of} isTest={rest === "add-test" || !canHaveDevices(of.level)} />;
  return (
    <div class="page full">
      <PageHead title={t.menu.dashboard} side={t.customersOf(of.name)} actions={<AddDeviceLinks of={of} primary />} />
      <DevicesTable of={of} />
    </div>
  );
}

export function DevicesTable({ of }: { of: Customer }) {
  const { data, error } = useEntry(viewsEntry());
  const drift = useList(driftList(of.id), 1);
  if (error) return <Failed problem={error} again={() => void viewsEntry().load()} />;
  if (!data) return <Skeleton />;

  const { page, rest, query } = route.value;
  const check = rest === "check";
  const view = check
    ? null
    : (data.views.find((each) => each.name === (query.view ?? lastView.value)) ??
      data.views.find((each) => each.name === "default"));
  const saved = check ? CHECK : (view?.columns ?? []);
  const given = query.columns?.split(",").filter((name) => data.columns.some((each) => each.name === name));
  const names = given?.length ? given : saved;
  const unsaved = names.join() !== saved.join();
  const columns: Column<Row>[] = data.columns.map(({ name, title }) => ({
    name,
    title,
    cell: (row) => cell(name, row),
    value: (row) => text(name, row[name]),
  }));
  const at = (name: string) => href(page, of.id, page === "customer" ? "devices" : "", { view: name });
  const tabs = [
    ...data.views.map(({ name }) => ({
      name,
      text: (
        <>
          {name === "default" ? t.defaultView : name}
          {unsaved && name === view?.name && <span class="unsaved" title={t.unsavedView} />}
        </>
      ),
      href: at(name),
    })),
    ...(page === "dashboard" ? [{ name: "check", text: t.checkView, href: href(page, of.id, "check") }] : []),
  ];
  const remember = (name: string) => {
    lastView.value = name;
  };
  const show = (name: string) => {
    remember(name);
    location.hash = at(name);
  };
  const own = view && view.name !== "default";

  return (
    <>
      <Tabs label={t.views} current={check ? "check" : (view?.name ?? "")} tabs={tabs} />
      <Remember name={check ? "" : (query.view ?? "")} />
      {drift.rows.length > 0 && (
        <Notice kind="warn" action={<a href={href("customers", of.id, "", { view: "elsewhere" })}>{t.driftShow}</a>}>
          <strong>{t.driftNotice(`${drift.complete ? "" : "more than "}${t.customerCount(drift.rows.length)}`)}</strong>
        </Notice>
      )}
      <Table
        id="devices"
        caption={t.devicesOf(of.name)}
        list={deviceList(of.id)}
        columns={columns}
        rowKey={(row) => String(row.id)}
        rowName={(row) => String(row.name)}
        find={{ label: t.findByName }}
        noun={t.deviceCount}
        fileName="devices"
        shown={{
          names,
          initial: saved,
          set: (to) => setQuery({ columns: to.join() === saved.join() ? undefined : to.join(",") }),
        }}
        columnsFooter={<SaveView current={own ? view.name : ""} columns={names} saved={show} text={t.saveAsView} />}
        tools={
          <>
            {unsaved && (
              <Button kind="quiet" onClick={() => setQuery({ columns: undefined })}>
                {t.undoColumns}
              </Button>
            )}
            {unsaved && <SaveView current={own ? view.name : ""} columns={names} saved={show} text={t.saveView} />}
            {own && !unsaved && (
              <Button
                kind="quiet"
                onClick={() =>
                  void attempt(async () => {
                    await api.removeView(view.name);
                    await viewsEntry().load();
                    show("default");
                    const undo = () =>
                      void attempt(async () => {
                        await api.saveView(view.name, view.columns);
                        await viewsEntry().load();
                        show(view.name);
                      });
                    say(t.viewRemoved(view.name), { undo });
                  })
                }
              >
                {t.removeView}
              </Button>
            )}
          </>
        }
        {...(may("change_devices")
          ? {
              menu: (row: Row) => [
                ...(row.is_test ? [] : [{ text: t.rename, icon: "edit" as const, act: () => void renameDevice(row) }]),
                { text: t.replaceToken, icon: "undo" as const, act: () => void replaceToken(row) },
                { text: t.remove, icon: "remove" as const, danger: true, act: () => void removeDevice(row) },
              ],
            }
          : {})}
        empty={
          <Empty title={t.noDevices} action={<AddDeviceLinks of={of} />}>
            {t.noDevicesHint}
          </Empty>
        }
      />
    </>
  );
}

function Remember({ name }: { name: string }) {
  useEffect(() => {
    if (name) lastView.value = name;
  }, [name]);
  return null;
}

function SaveView({
  current,
  columns,
  saved,
  text: label,
}: {
  current: string;
  columns: string[];
  saved: (name: string) => void;
  text: string;
}) {
  const [name, setName] = useState(current);
  useEffect(() => setName(current), [current]);
  return (
    <Popover end title={label} button={<span>{label}</span>}>
      {(close) => (
        <form
          class="save-view"
          onSubmit={(event) => {
            event.preventDefault();
            void attempt(async () => {
              await api.saveView(name.trim(), columns);
              await viewsEntry().load();
              close();
              saved(name.trim());
              say(t.viewSaved(name.trim()));
            });
          }}
        >
          <div class="field">
            <label for={`view-${label}`}>{t.viewName}</label>
            <input
              id={`view-${label}`}
              data-first
              class="input"
              maxLength={64}
              required
              autocomplete="off"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </div>
          <Button type="submit" kind="primary">
            {t.save}
          </Button>
        </form>
      )}
    </Popover>
  );
}

/** Every customer can have test devices, some levels devices too. */
function AddDeviceLinks({ of, primary }: { of: Customer; primary?: boolean }) {
  if (!may("change_devices") || of.archive) return null;
  const both = canHaveDevices(of.level);
  const kind = (main: boolean) => (primary && main ? "primary" : "plain");
  return (
    <>
      <LinkButton kind={kind(!both)} icon="add" href={href("dashboard", of.id, "add-test")}>
        {t.addTestDevice}
      </LinkButton>{" "}
      {both && (
        <LinkButton kind={kind(true)} icon="add" href={href("dashboard", of.id, "add")}>
          {t.addDevice}
        </LinkButton>
      )}
    </>
  );
}

const refreshDevices = () => refreshLists("devices/", "drift/", "invoicing/", "audit/");

async function renameDevice(row: Row): Promise<void> {
  const [customerId, old] = [String(row.customer_id), String(row.name)];
  await ask({
    title: t.renameTitle(old),
    consequences: [],
    yes: t.save,
    enter: {
      label: t.deviceName,
      value: old,
      max: 128,
      send: async (name) => {
        const renamed = await api.renameDevice(customerId, await api.device(customerId, String(row.id)), name);
        refreshDevices();
        say(t.saved(renamed.name));
      },
    },
  });
}

async function replaceToken(row: Row): Promise<void> {
  const name = String(row.name);
  const answer = await ask({
    title: t.replaceTokenTitle(name),
    consequences: [
      { icon: "device", text: t.replaceTokenOld },
      { icon: "info", text: t.replaceTokenNew },
    ],
    yes: t.replaceToken,
    danger: true,
  });
  if (answer !== "yes") return;
  await attempt(async () => {
    const { installation_token: text } = await api.replaceToken(
      row.is_test === true,
      String(row.customer_id),
      String(row.id),
      crypto.randomUUID(),
    );
    if (text) reveal({ title: t.tokenOf(name), hint: t.tokenOnceHint, values: [{ label: t.tokenOnce, text }] });
  });
}

async function removeDevice(row: Row): Promise<void> {
  const name = String(row.name);
  const answer = await ask({
    title: t.removeDeviceTitle(name),
    consequences: [
      { icon: "device", text: t.removeDeviceHint },
      ...(row.invoiced ? [{ icon: "invoice" as const, text: t.removeDeviceDay }] : []),
    ],
    yes: t.remove,
    danger: true,
  });
  if (answer !== "yes") return;
  await attempt(async () => {
    await api.removeDevice(row.is_test === true, String(row.customer_id), String(row.id));
    refreshDevices();
    say(t.deviceRemoved(name));
  });
}

// ---------------------------------------------------------------- adding a device or a test device

function AddDevice({ of, isTest }: { of: Customer; isTest: boolean }) {
  const form = useForm(`${isTest ? "test-device" : "device"} ${of.id}`, () => ({
    name: isTest ? t.testDevice : "",
    kind: "",
  }));
  const [made, setMade] = useState<AddedDevice | null>(null);
  useEffect(() => {
    if (made) document.getElementById("added")?.focus();
  }, [made]);
  if (made) {
    return (
      <div class="page">
        <header class="page-head">
          <h1 id="added" tabIndex={-1}>
            {t.deviceAdded(made.name)}
          </h1>
        </header>
        <p>
          <Dot kind={made.matches ? "ok" : "warn"}>{made.matches ? t.deviceRight : t.deviceWrong}</Dot>{" "}
          {t.deviceLands(made.expected.name, made.actual?.name ?? t.unknownPlace)}
        </p>
        <section class="secret" aria-label={t.tokenOnce}>
          <h2>{t.tokenOnce}</h2>
          <p class="hint">{made.installation_token ? t.tokenOnceHint : t.tokenGone}</p>
          {made.installation_token && <Copyable text={made.installation_token} label={t.tokenOnce} />}
        </section>
        <div class="buttons start">
          <LinkButton kind="primary" href={href("dashboard", of.id, "check")}>
            {t.steps.checkIt}
          </LinkButton>
          <LinkButton href={href("dashboard", of.id)}>{t.toDashboard}</LinkButton>
          <LinkButton href={href("customer", of.id)}>{of.name}</LinkButton>
        </div>
      </div>
    );
  }
  return (
    <FormPage
      form={form}
      title={isTest ? t.addTestDeviceTitle(of.name) : t.addDeviceTitle(of.name)}
      save={t.add}
      back={href("customer", of.id)}
      send={async ({ name, kind }, key) => {
        const device = isTest
          ? await api.addTestDevice(of.id, name, key)
          : await api.addDevice(of.id, { name: name || null, kind: (kind as DeviceKind) || null }, key);
        refreshDevices();
        setMade(device);
      }}
    >
      <p class="hint">
        {isTest ? t.addTestDeviceHint : of.level === "reseller" ? t.neverInvoiced : t.deviceDaysInvoiced}
      </p>
      <TextField form={form} name="name" label={t.deviceName} input={{ maxLength: 128 }} />
      {!isTest && (
        <Choices
          form={form}
          name="kind"
          label={t.deviceKind}
          choices={Object.entries(t.deviceKinds).map(([value, title]) => ({ value, title }))}
        />
      )}
    </FormPage>
  );
}
