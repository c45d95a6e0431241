// The one table: find, filters in the address, sort, columns, density, selection, row menu, count, CSV, cards on a phone.
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { csvText, download } from "../csv";
import * as t from "../messages.en";
import { pref } from "../prefs";
import { historyEntry, route, setQuery } from "../route";
import { type List, MOST_ROWS, useList } from "../store";
import { Button, Empty, Failed, Notice } from "./basics";
import { Icon } from "./icon";
import { MenuButton, type MenuEntry, Popover } from "./popover";
import { compare, fold, moved, parseSort, sortText, type Value } from "./rows";

const PAGE = 50;

export interface Column<R> {
  name: string;
  title: string;
  cell: (row: R) => ComponentChildren;
  /** The value for sorting, finding and CSV. */
  value: (row: R) => Value;
  numeric?: boolean;
  /** Whether the column is shown until the user chooses. */
  on?: boolean;
}

export interface Filter<R> {
  name: string;
  title: string;
  options: readonly { value: string; text: string }[];
  /** Without it, the service filters. */
  test?: (row: R, value: string) => boolean;
}

interface Props<R> {
  id: string;
  caption: string;
  list: List<R>;
  columns: Column<R>[];
  rowKey: (row: R) => string;
  /** The newest value of a row that the store has. */
  newest?: (row: R) => R;
  rowName: (row: R) => string;
  /** The order in which the service lists, such as `name` or `-when`. */
  native?: string;
  /** The order until the user chooses one, such as `trialEnds`. */
  order?: string;
  filters?: Filter<R>[];
  /** The name of the find field. `server`: the service finds, by the beginning of the name. */
  find?: { label: string; server?: boolean };
  menu?: (row: R) => MenuEntry[];
  bulk?: (rows: R[], done: () => void) => ComponentChildren;
  empty: VNode;
  noun: (count: number) => string;
  /** Columns that the page keeps itself, such as those of a view. */
  shown?: { names: string[]; set: (names: string[]) => void; initial: string[] };
  /** In the columns' panel, and beside the tools. */
  columnsFooter?: ComponentChildren;
  tools?: ComponentChildren;
  fileName: string;
}

const scrolled = new Map<string, number>();

export function Table<R>(props: Props<R>) {
  const { id, list, rowKey, filters = [], find } = props;
  const query = route.value.query;
  const density = pref<"compact" | "comfortable">("density", "compact");
  const kept = pref<string[] | null>(`columns.${id}`, null);
  const initial = props.shown?.initial ?? props.columns.filter((each) => each.on !== false).map((each) => each.name);
  const names = props.shown?.names ?? kept.value ?? initial;
  const setNames =
    props.shown?.set ??
    ((to: string[]) => {
      kept.value = to.join() === initial.join() ? null : to;
    });
  const columns = names.flatMap((name) => props.columns.find((each) => each.name === name) ?? []);

  const sort = parseSort(query.sort ?? props.order);
  const by = sort && props.columns.find((each) => each.name === sort.name);
  const q = query.q ?? "";
  const active = filters.filter((each) => query[each.name]);
  const here = active.filter((each) => each.test);
  const inBrowser = (by && sort && sortText(sort) !== props.native) || here.length > 0 || (q && !find?.server);
  const page = Math.max(1, Number(query.page) || 1);
  const {
    rows: read,
    complete,
    ready,
    loading,
    error,
    at,
    incomplete,
  } = useList(list, inBrowser ? MOST_ROWS : page * PAGE + 1);
  const rows = props.newest ? read.map(props.newest) : read;

  let found = rows;
  if (q && !find?.server)
    found = found.filter((row) => columns.some((each) => fold(String(each.value(row) ?? "")).includes(fold(q))));
  for (const each of here) found = found.filter((row) => each.test?.(row, query[each.name] ?? ""));
  if (by && sort && inBrowser) found = [...found].sort((a, b) => compare(by.value(a), by.value(b), sort.direction));
  const from = Math.min((page - 1) * PAGE, Math.max(0, Math.ceil(found.length / PAGE) - 1) * PAGE);
  const drawn = found.slice(from, from + PAGE);

  // ---- selection
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const chosen = found.filter((row) => selected.has(rowKey(row)));
  const toggle = (keys: string[], on: boolean) => {
    const next = new Set(selected);
    for (const key of keys) on ? next.add(key) : next.delete(key);
    setSelected(next);
  };
  const allChosen = drawn.length > 0 && drawn.every((row) => selected.has(rowKey(row)));

  // ---- the place on the page is kept for Back
  const region = useRef<HTMLDivElement>(null);
  const visit = `${historyEntry()} ${id}`;
  const restored = useRef("");
  useLayoutEffect(() => {
    if (!ready || restored.current === visit) return;
    restored.current = visit;
    const top = scrolled.get(visit);
    if (top && region.current) scroller(region.current).scrollTop = top;
  }, [ready, visit]);
  useEffect(() => {
    const of = region.current && scroller(region.current);
    if (!of) return;
    const keep = () => scrolled.set(visit, of.scrollTop);
    of.addEventListener("scroll", keep, { passive: true });
    return () => of.removeEventListener("scroll", keep);
  }, [visit, ready]);

  const turn = (to: number) => {
    setQuery({ page: to > 1 ? String(to) : undefined });
    if (region.current) scroller(region.current).scrollTop = 0;
  };
  const clear = Object.fromEntries([...active.map((each) => each.name), "q", "page"].map((name) => [name, undefined]));
  const narrowed = Boolean(q) || active.length > 0;
  const save = (of: R[]) =>
    download(
      `${props.fileName}.csv`,
      csvText([columns.map((each) => each.title), ...of.map((row) => columns.map((each) => each.value(row)))]),
    );
  const saveAll = async () => {
    await list.ensure(MOST_ROWS);
    save(inBrowser ? found : list.state.value.rows);
  };

  return (
    <div class={`table-page ${density.value}`}>
      <div class="tools">
        {find && <Find key={route.value.id + route.value.page} label={find.label} value={q} />}
        {filters.map(
          (each) => query[each.name] && <Chip key={each.name} filter={each} value={query[each.name] ?? ""} />,
        )}
        {filters.length > active.length && <AddFilter filters={filters.filter((each) => !query[each.name])} />}
        {narrowed && (
          <Button kind="quiet" onClick={() => setQuery(clear)}>
            {t.clear}
          </Button>
        )}
        <span class="grow" />
        {props.tools}
        <div class="segments wide" role="group" aria-label={t.density}>
          {(["compact", "comfortable"] as const).map((each) => (
            <Button
              key={each}
              bare
              icon={each}
              aria-pressed={density.value === each}
              title={t.densities[each]}
              onClick={() => {
                density.value = each;
              }}
            >
              {t.densities[each]}
            </Button>
          ))}
        </div>
        <Columns all={props.columns} names={names} set={setNames} initial={initial} footer={props.columnsFooter} />
        <Button class="wide" bare icon="download" title={t.csv} onClick={() => void saveAll()}>
          {t.csv}
        </Button>
      </div>
      {error && <Failed problem={error} again={() => void list.retry()} since={ready ? at : undefined} />}
      {incomplete.length > 0 && (
        <Notice kind="warn">{t.incomplete(incomplete.map((each) => `${each.kind} ${each.id}`).join(", "))}</Notice>
      )}
      {ready && found.length === 0 && (complete || !loading) ? (
        narrowed && (rows.length > 0 || find?.server || active.length > 0) ? (
          <Empty title={t.noMatch} action={<Button onClick={() => setQuery(clear)}>{t.clearFilters}</Button>}>
            {rows.length > 0 && t.noMatchHint(props.noun(rows.length))}
          </Empty>
        ) : (
          props.empty
        )
      ) : !ready && error ? null : (
        <div
          ref={region}
          class="table-scroll"
          tabIndex={0}
          role="region"
          aria-label={props.caption}
          aria-busy={loading}
        >
          <table>
            <thead>
              <tr>
                {props.bulk && (
                  <th scope="col" class="check">
                    <input
                      type="checkbox"
                      aria-label={t.selectAll}
                      checked={allChosen}
                      ref={(box) => {
                        if (box) box.indeterminate = chosen.length > 0 && !allChosen;
                      }}
                      onChange={(event) => toggle(drawn.map(rowKey), event.currentTarget.checked)}
                    />
                  </th>
                )}
                {columns.map((each) => {
                  const order = sort ?? parseSort(props.native);
                  const now = order?.name === each.name ? order.direction : 0;
                  return (
                    <th
                      key={each.name}
                      scope="col"
                      class={each.numeric ? "number" : ""}
                      aria-sort={now === 1 ? "ascending" : now === -1 ? "descending" : "none"}
                    >
                      <button
                        type="button"
                        onClick={() =>
                          setQuery({
                            sort: sortText({ name: each.name, direction: now === 1 ? -1 : 1 }),
                            page: undefined,
                          })
                        }
                      >
                        {each.title}
                        {now !== 0 && <Icon name={now === 1 ? "up" : "down"} />}
                      </button>
                    </th>
                  );
                })}
                {props.menu && (
                  <th scope="col" class="menu-cell">
                    <span class="sr">{t.actions}</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {!ready && <SkeletonRows columns={columns.length + (props.bulk ? 1 : 0) + (props.menu ? 1 : 0)} />}
              {drawn.map((row) => {
                const key = rowKey(row);
                const entries = props.menu?.(row) ?? [];
                return (
                  <tr key={key} class={selected.has(key) ? "selected" : ""}>
                    {props.bulk && (
                      <td class="check">
                        <input
                          type="checkbox"
                          aria-label={t.select(props.rowName(row))}
                          checked={selected.has(key)}
                          onChange={(event) => toggle([key], event.currentTarget.checked)}
                        />
                      </td>
                    )}
                    {columns.map((each) => {
                      const content = each.cell(row);
                      return (
                        <td
                          key={each.name}
                          data-column={each.name}
                          data-title={each.title}
                          class={`${each.numeric ? "number" : ""} ${content === null || content === "" ? "none" : ""}`}
                        >
                          {content}
                        </td>
                      );
                    })}
                    {props.menu && (
                      <td class="menu-cell">
                        {entries.length > 0 && <MenuButton label={t.actionsOf(props.rowName(row))} entries={entries} />}
                      </td>
                    )}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {chosen.length > 0 && props.bulk && (
        <div class="selection" role="toolbar" aria-label={t.selectionTools}>
          <strong>{t.selected(chosen.length)}</strong>
          <Button kind="quiet" icon="download" onClick={() => save(chosen)}>
            {t.csv}
          </Button>
          {props.bulk(chosen, () => setSelected(new Set()))}
          <Button kind="quiet" onClick={() => setSelected(new Set())}>
            {t.clear}
          </Button>
        </div>
      )}
      {ready && found.length > 0 && (
        <div class="table-foot">
          <span role="status">
            {t.range(from + 1, from + drawn.length, found.length, complete, props.noun(found.length))}
            {inBrowser && !complete && !loading ? ` ${t.onlyFirst(rows.length)}` : ""}
          </span>
          <span class="side">{t.timesInUtc}</span>
          <span class="grow" />
          {(from > 0 || found.length > PAGE || !complete) && (
            <>
              <Button disabled={from === 0} onClick={() => turn(page - 1)}>
                {t.previous}
              </Button>
              <Button
                disabled={from + PAGE >= found.length && (complete || Boolean(inBrowser))}
                onClick={() => turn(page + 1)}
              >
                {t.next}
              </Button>
            </>
          )}
        </div>
      )}
    </div>
  );
}

/** On a wide page the table scrolls, on a phone the whole page does. */
function scroller(region: HTMLElement): HTMLElement {
  return getComputedStyle(region).overflowY === "visible" ? (document.getElementById("main") ?? region) : region;
}

function SkeletonRows({ columns }: { columns: number }) {
  return (
    <>
      {Array.from({ length: 8 }, (_, row) => (
        <tr key={row} class="skeleton">
          {Array.from({ length: columns }, (_, at) => (
            <td key={at}>
              <span class={`bar w${(row + at) % 4}`} />
            </td>
          ))}
        </tr>
      ))}
    </>
  );
}

function Find({ label, value }: { label: string; value: string }) {
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => setQuery({ q: text || undefined, page: undefined }), 250);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => setText(value), [value]);
  return (
    <label class="find">
      <Icon name="search" />
      <span class="sr">{label}</span>
      <input
        type="search"
        class="input"
        placeholder={label}
        maxLength={128}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
}

const pick = <R,>(filter: Filter<R>, close: () => void) =>
  filter.options.map((option) => (
    <button
      key={option.value}
      type="button"
      role="menuitem"
      tabIndex={-1}
      onClick={() => {
        close();
        setQuery({ [filter.name]: option.value, page: undefined });
      }}
    >
      <span class="icon" />
      <span>{option.text}</span>
    </button>
  ));

function Chip<R>({ filter, value }: { filter: Filter<R>; value: string }) {
  const text = filter.options.find((each) => each.value === value)?.text ?? value;
  return (
    <span class="chip">
      <Popover
        menu
        title={filter.title}
        buttonClass="chip-value"
        button={
          <span>
            {filter.title} <b>{text}</b>
          </span>
        }
      >
        {(close) => pick(filter, close)}
      </Popover>
      <Button kind="quiet" bare icon="close" onClick={() => setQuery({ [filter.name]: undefined, page: undefined })}>
        {t.removeFilter(filter.title)}
      </Button>
    </span>
  );
}

function AddFilter<R>({ filters }: { filters: Filter<R>[] }) {
  return (
    <Popover
      menu
      title={t.addFilter}
      buttonClass="button dashed"
      button={
        <>
          <Icon name="add" />
          <span>{t.filter}</span>
        </>
      }
    >
      {(close) =>
        filters.map((each) => (
          <fieldset key={each.name} class="menu-group">
            <legend>{each.title}</legend>
            {pick(each, close)}
          </fieldset>
        ))
      }
    </Popover>
  );
}

function Columns<R>({
  all,
  names,
  set,
  initial,
  footer,
}: {
  all: Column<R>[];
  names: string[];
  set: (names: string[]) => void;
  initial: string[];
  footer?: ComponentChildren;
}) {
  const first = initial[0] ?? "";
  const order = [...names, ...all.map((each) => each.name).filter((name) => !names.includes(name))];
  return (
    <Popover
      title={t.columns}
      end
      panelClass="columns"
      buttonClass="button wide"
      button={
        <>
          <Icon name="columns" />
          <span>{t.columns}</span>
        </>
      }
    >
      {() => (
        <>
          <div class="panel-head">
            <strong>{t.columns}</strong>
            <span>{t.columnCount(names.length, all.length)}</span>
          </div>
          <ul>
            {order.map((name) => {
              const column = all.find((each) => each.name === name);
              if (!column) return null;
              const on = names.includes(name);
              return (
                <li key={name}>
                  <label class="tick">
                    <input
                      type="checkbox"
                      checked={on}
                      disabled={name === first}
                      onChange={() => set(on ? names.filter((each) => each !== name) : [...names, name])}
                    />
                    <span>{column.title}</span>
                  </label>
                  {on && name !== first && (
                    <>
                      <Button
                        kind="quiet"
                        bare
                        icon="up"
                        onClick={() => {
                          if (names.indexOf(name) > 1) set(moved(names, name, -1));
                        }}
                      >
                        {t.moveUp(column.title)}
                      </Button>
                      <Button kind="quiet" bare icon="down" onClick={() => set(moved(names, name, 1))}>
                        {t.moveDown(column.title)}
                      </Button>
                    </>
                  )}
                </li>
              );
            })}
          </ul>
          <div class="panel-foot">
            <Button kind="quiet" onClick={() => set(initial)}>
              {t.reset}
            </Button>
            {footer}
          </div>
        </>
      )}
    </Popover>
  );
}
