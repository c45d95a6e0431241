// Storage locations: where the data of each lands. Support replaces the routing, after seeing what changes.
import { useState } from "preact/hooks";
import * as api from "../api/client";
import type { Catalogue } from "../api/types";
import * as t from "../messages.en";
import { goUnasked, href, route } from "../route";
import { list, may, me, refreshLists, useEntry } from "../store";
import { Dot, Empty, Failed, LinkButton, Skeleton, When } from "../ui/basics";
import { ask } from "../ui/dialog";
import { type Form, FormPage, useForm } from "../ui/form";
import { type Column, Table } from "../ui/table";
import { say } from "../ui/toast";
import { LocationTabs, RequestsPage } from "./location_requests";
import { AccountManager, catalogueEntry, PageHead } from "./parts";

type Location = Catalogue["locations"][number];

export function LocationsPage() {
  const of = catalogueEntry();
  const { data, error } = useEntry(of);
  if (error && !data)
    return (
      <div class="page">
        <PageHead title={t.locationsTitle} />
        <Failed problem={error} again={() => void of.load()} />
      </div>
    );
  if (!data)
    return (
      <div class="page">
        <PageHead title={t.locationsTitle} />
        <Skeleton />
      </div>
    );
  const { id, rest } = route.value;
  if (rest === "requests" && may("support")) return <RequestsPage />;
  if (rest === "change" && may("support")) return <Change key={data.version} catalogue={data} />;
  return (
    <div class="page full">
      <PageHead
        title={t.locationsTitle}
        side={
          <>
            {t.versionSince(data.version)} <When at={data.created_at} time />
          </>
        }
        actions={
          may("support") && (
            <LinkButton icon="edit" href={href("storage-locations", id || (me.value?.customer.id ?? ""), "change")}>
              {t.changeRouting}
            </LinkButton>
          )
        }
      />
      <LocationTabs current="" />
      <p class="hint">{t.neverMoves}</p>
      <AccountManager />
      <Table
        id="locations"
        caption={t.locationsTitle}
        list={list(`catalogue/${data.version}`, async () => ({ rows: data.locations, next: null }))}
        columns={COLUMNS}
        rowKey={(each) => each.code}
        rowName={(each) => each.name}
        find={{ label: t.findByName }}
        noun={t.locationCount}
        fileName="storage-locations"
        empty={<Empty title={t.none} />}
      />
    </div>
  );
}

const COLUMNS: Column<Location>[] = [
  {
    name: "name",
    title: t.heads.location,
    cell: (of) => <span class="strong">{of.name}</span>,
    value: (of) => of.name,
  },
  {
    name: "lands",
    title: t.heads.landsIn,
    cell: (of) => <Dot kind={of.routed_to.code === of.code ? "ok" : "warn"}>{of.routed_to.name}</Dot>,
    value: (of) => of.routed_to.name,
  },
  {
    name: "open",
    title: t.heads.state,
    cell: (of) => (of.open ? t.openHere : t.closedHere),
    value: (of) => (of.open ? t.openHere : t.closedHere),
  },
];

interface Routing extends Record<string, unknown> {
  /** Country of the location to the country where its data lands. */
  locations: Record<string, string>;
}

function Change({ catalogue }: { catalogue: Catalogue }) {
  const back = href("storage-locations", route.value.id);
  const form = useForm<Routing>(`catalogue ${catalogue.version}`, () => ({
    locations: Object.fromEntries(catalogue.locations.map((each) => [each.code, each.routed_to.code])),
  }));
  const [none, setNone] = useState(false);
  const given = form.values.value.locations;
  const nameOf = (code: string) => catalogue.locations.find((each) => each.code === code)?.name ?? code;
  const changes = catalogue.locations.filter((each) => given[each.code] !== each.routed_to.code);
  const say_ = (each: Location) => t.replaceChange(each.name, each.routed_to.name, nameOf(given[each.code] ?? ""));

  const send = async () => {
    setNone(changes.length === 0);
    if (changes.length === 0) return;
    const answer = await ask({
      title: t.replaceTitle(catalogue.version),
      consequences: [
        ...changes.map((each) => ({ icon: "pin" as const, text: say_(each) })),
        { icon: "warning", text: t.replaceAtOnce },
        { icon: "undo", text: t.replaceBack(catalogue.version) },
      ],
      yes: t.replace(catalogue.version),
      danger: true,
      type: { label: t.replaceType(t.replaceWord(catalogue.version)), text: t.replaceWord(catalogue.version) },
    });
    if (answer !== "yes") return;
    const next = await api.replaceCatalogue(
      catalogue.locations.map((each) => ({ country: each.code, routed_to: given[each.code] ?? each.code })),
      catalogue.version,
    );
    form.discard();
    catalogueEntry().set(next);
    refreshLists("drift/", "devices/", "customers?");
    say(t.replaced(next.version));
    goUnasked(back);
  };
  return (
    <FormPage
      form={form}
      title={t.routingTitle}
      save={t.replace(catalogue.version)}
      send={send}
      back={back}
      side={
        <div class="preview open">
          <div class="preview-body">
            <h2>{t.changesOf(changes.length)}</h2>
            <p class={none && changes.length === 0 ? "error" : "hint"} role="status">
              {changes.length === 0 ? (none ? t.noChange : t.unchanged) : t.neverMoves}
            </p>
            <ul>
              {changes.map((each) => (
                <li key={each.code}>
                  <span class="icon">
                    <Dot kind="warn">{""}</Dot>
                  </span>
                  <span>{say_(each)}</span>
                </li>
              ))}
            </ul>
          </div>
        </div>
      }
    >
      <Routes form={form} catalogue={catalogue} nameOf={nameOf} />
    </FormPage>
  );
}

function Routes({
  form,
  catalogue,
  nameOf,
}: {
  form: Form<Routing>;
  catalogue: Catalogue;
  nameOf: (code: string) => string;
}) {
  const given = form.values.value.locations;
  return (
    <table class="mini routes">
      <thead>
        <tr>
          <th scope="col">{t.heads.location}</th>
          <th scope="col">{t.heads.landsIn}</th>
        </tr>
      </thead>
      <tbody>
        {catalogue.locations.map((each) => {
          const to = given[each.code] ?? each.code;
          return (
            <tr key={each.code} class={to === each.routed_to.code ? "" : "changed"}>
              <td class="strong">{each.name}</td>
              <td>
                <select
                  class="input"
                  aria-label={t.dataOf(each.name)}
                  value={to}
                  onChange={(event) => form.set("locations", { ...given, [each.code]: event.currentTarget.value })}
                >
                  {catalogue.locations.map(({ code }) => (
                    <option key={code} value={code}>
                      {nameOf(code)}
                    </option>
                  ))}
                </select>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
