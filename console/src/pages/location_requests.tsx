// Requests for another storage location: a customer's company asks with a reason, and support decides with another.
import * as api from "../api/client";
import { Problem } from "../api/problem";
import type { Customer, Decision, LocationRequest } from "../api/types";
import * as t from "../messages.en";
import { goUnasked, href, route } from "../route";
import { asProblem, changed, type List, list, may, me, refreshLists, useEntry, useList } from "../store";
import { Dot, Empty, Failed, LinkButton, Notice, Skeleton, When } from "../ui/basics";
import { Combobox } from "../ui/combobox";
import { ask } from "../ui/dialog";
import { Field, FormPage, TextField, useForm } from "../ui/form";
import type { MenuEntry } from "../ui/popover";
import { type Column, Table } from "../ui/table";
import { say } from "../ui/toast";
import {
  Actor,
  attempt,
  CustomerLink,
  catalogueEntry,
  Facts,
  LandsNotice,
  landsElsewhere,
  PageHead,
  Tabs,
} from "./parts";

const MAX_REASON = 500;
const STATES = ["open", "accepted", "declined"] as const;

const requestsOf = (id: string): List<LocationRequest> =>
  list(`location-requests/${id}`, async (cursor) => {
    const page = await api.locationRequestsOf(id, cursor);
    return { rows: page.requests, next: page.next_cursor, incomplete: page.incomplete };
  });

const stateText = (of: LocationRequest) => t.word(t.requestStates, of.state);
/** Where data of the requested location lands, if it is another country. */
const elsewhere = ({ requested, lands_in: lands }: LocationRequest): string | null =>
  lands?.code === requested.code ? null : (lands?.name ?? t.unknownPlace);

// ---------------------------------------------------------------- on the customer's page

/** The requests of a customer, the latest first, and the link to ask if none is open. */
export function LocationRequests({ of }: { of: Customer }) {
  const rows = requestsOf(of.id);
  const { rows: requests, ready, error } = useList(rows, 1);
  if (!ready) return error ? <Failed problem={error} again={() => void rows.retry()} /> : null;
  const mayAsk = may("change_customers") && !of.archive && of.level !== "root";
  return (
    <>
      {requests.map((each) => (
        <section key={each.id} class="request" aria-label={t.requestFor(each.requested.name)}>
          <Facts
            rows={[
              [t.heads.requested, <Requested of={each} />],
              [
                t.heads.state,
                <Dot kind={each.state === "open" ? "ring" : each.state === "accepted" ? "ok" : "off"}>
                  {stateText(each)}
                </Dot>,
              ],
              [
                t.heads.asked,
                <>
                  <When at={each.created_at} time /> <Actor id={each.created_by} />
                </>,
              ],
              [t.heads.why, each.reason],
              ...(each.decision
                ? ([
                    [t.decided, <When at={each.decision.decided_at} time />],
                    [t.heads.answer, each.decision.reason],
                  ] as [string, string][])
                : []),
            ]}
          />
        </section>
      ))}
      {mayAsk && !requests.some((each) => each.state === "open") && (
        <div class="request">
          <LinkButton href={href("customer", of.id, "ask-location")}>{t.askLocation}</LinkButton>
        </div>
      )}
    </>
  );
}

function Requested({ of }: { of: LocationRequest }) {
  const lands = elsewhere(of);
  return lands ? <Dot kind="warn">{t.nameLands(of.requested.name, lands)}</Dot> : of.requested.name;
}

export function AskLocation({ of }: { of: Customer }) {
  const form = useForm(`location ${of.id}`, () => ({ location: "", reason: "" }));
  const catalogue = catalogueEntry();
  const { data, error } = useEntry(catalogue);
  const now = of.storage_location;
  const chosen = form.values.value.location;
  if (!data)
    return (
      <div class="page">{error ? <Failed problem={error} again={() => void catalogue.load()} /> : <Skeleton />}</div>
    );
  return (
    <FormPage
      form={form}
      title={t.askLocationTitle(of.name)}
      save={t.askSupport}
      back={href("customer", of.id)}
      send={async ({ location, reason }, key) => {
        const sent = await api.askForLocation(of.id, location, reason, key);
        refreshLists(`location-requests/${of.id}`, "all-location-requests/", "audit/");
        say(t.locationAsked(sent.requested.name));
        goUnasked(href("customer", of.id));
      }}
    >
      <Notice kind="info">{t.askLocationHint(now.name)}</Notice>
      <Field form={form} name="location" label={t.fields.location} hint={t.askLocationChoose}>
        {(control) => (
          <Combobox
            control={control}
            value={chosen}
            onChange={(value) => form.set("location", value)}
            options={data.locations
              .filter((each) => each.code !== now.code)
              .map((each) => {
                const lands = landsElsewhere(each.code, data);
                return {
                  value: each.code,
                  text: each.name,
                  also: each.code,
                  ...(lands ? { hint: t.landsIn(lands), warn: true } : {}),
                };
              })}
          />
        )}
      </Field>
      <LandsNotice
        name={data.locations.find((each) => each.code === chosen)?.name ?? ""}
        lands={landsElsewhere(chosen, data)}
      />
      <TextField
        form={form}
        name="reason"
        label={t.reasonLabel}
        hint={t.reasonRead}
        long
        input={{ maxLength: MAX_REASON }}
      />
    </FormPage>
  );
}

// ---------------------------------------------------------------- for support

const reasonColumn = (
  name: string,
  title: string,
  of: (each: LocationRequest) => string | null,
): Column<LocationRequest> => ({
  name,
  title,
  cell: (each) => (
    <span class="clip" title={of(each) ?? ""}>
      {of(each)}
    </span>
  ),
  value: of,
});

const COLUMNS: Column<LocationRequest>[] = [
  {
    name: "name",
    title: t.heads.customer,
    cell: (of) => <CustomerLink id={of.customer_id} name={of.customer_name} />,
    value: (of) => of.customer_name,
  },
  {
    name: "from",
    title: t.heads.location,
    cell: (of) => of.storage_location.name,
    value: (of) => of.storage_location.name,
  },
  { name: "requested", title: t.heads.requested, cell: (of) => of.requested.name, value: (of) => of.requested.name },
  {
    name: "lands",
    title: t.heads.landsIn,
    cell: (of) => <Dot kind={elsewhere(of) ? "warn" : "ok"}>{elsewhere(of) ?? of.requested.name}</Dot>,
    value: (of) => elsewhere(of) ?? of.requested.name,
  },
  reasonColumn("reason", t.heads.why, (of) => of.reason),
  { name: "by", title: t.heads.askedBy, cell: (of) => <Actor id={of.created_by} />, value: (of) => of.created_by },
  { name: "when", title: t.heads.asked, cell: (of) => <When at={of.created_at} time />, value: (of) => of.created_at },
];
const DECIDED: Column<LocationRequest>[] = [
  reasonColumn("answer", t.heads.answer, (of) => of.decision?.reason ?? null),
  {
    name: "decided",
    title: t.decided,
    cell: (of) => of.decision && <When at={of.decision.decided_at} time />,
    value: (of) => of.decision?.decided_at ?? null,
  },
];

/** The storage locations, and for support the requests by their state. */
export function LocationTabs({ current }: { current: string }) {
  const id = route.value.id || (me.value?.customer.id ?? "");
  if (!may("support")) return null;
  return (
    <Tabs
      label={t.views}
      current={current}
      tabs={[
        { name: "", text: t.locationsTab, href: href("storage-locations", id) },
        ...STATES.map((name) => ({
          name,
          text: t.requestTabs[name],
          href: href("storage-locations", id, "requests", { state: name }),
        })),
      ]}
    />
  );
}

export function RequestsPage() {
  const state = STATES.find((each) => each === route.value.query.state) ?? "open";
  return (
    <div class="page full">
      <PageHead title={t.requestsTitle} />
      <LocationTabs current={state} />
      <Table
        key={state}
        id={`location-requests-${state === "open" ? state : "decided"}`}
        caption={t.requestTabs[state]}
        list={list(`all-location-requests/${state}`, async (cursor) => {
          const page = await api.locationRequests({ state, cursor, limit: 100 });
          return { rows: page.requests, next: page.next_cursor, incomplete: page.incomplete };
        })}
        columns={state === "open" ? COLUMNS : [...COLUMNS, ...DECIDED]}
        rowKey={(each) => each.id}
        rowName={(each) => each.customer_name}
        find={{ label: t.findByName }}
        noun={t.requestCount}
        fileName="storage-location-requests"
        {...(state === "open" ? { menu: requestMenu } : {})}
        empty={<Empty title={t.noRequests}>{t.noRequestsHint}</Empty>}
      />
    </div>
  );
}

const requestMenu = (of: LocationRequest): MenuEntry[] => [
  { text: t.acceptRequest, icon: "check", act: () => void decide(of, "accepted") },
  { text: t.declineRequest, icon: "close", act: () => void decide(of, "declined") },
];

async function decide(of: LocationRequest, decision: Decision): Promise<void> {
  const { customer_name: name, storage_location: from, requested: to } = of;
  const lands = elsewhere(of);
  const accepts = decision === "accepted";
  await ask({
    title: accepts ? t.acceptTitle(name, to.name) : t.declineTitle(name, to.name),
    consequences: [
      { icon: "info", text: t.reason(of.reason) },
      { icon: "pin", text: accepts ? t.acceptMoves(from.name, to.name) : t.declineStays(from.name) },
      ...(accepts && lands ? [{ icon: "warning" as const, text: t.landsWhy(to.name, lands) }] : []),
      { icon: "lock", text: accepts ? t.acceptFinal : t.declineFinal },
    ],
    yes: accepts ? t.acceptRequest : t.declineRequest,
    enter: {
      label: t.decisionReason,
      max: MAX_REASON,
      long: true,
      send: async (reason) => {
        try {
          await api.decideRequest(of, decision, reason);
        } catch (error) {
          const problem = asProblem(error);
          if (problem.code === "request_decided") refresh(of);
          throw problem.code === "stale_version" ? new Problem(412, "location_changed") : problem;
        }
        refresh(of);
        say(accepts ? t.requestAccepted(name, to.name) : t.requestDeclined(name));
        if (accepts) void attempt(async () => changed(await api.customer(of.customer_id)));
      },
    },
  });
}

const refresh = (of: LocationRequest) =>
  refreshLists("all-location-requests/", `location-requests/${of.customer_id}`, "audit/");
