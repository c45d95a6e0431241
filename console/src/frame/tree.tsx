// The tree of customers. It opens to the customer in use, and scrolls it into view.
import { type Signal, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Customer } from "../api/types";
import { canHold, levelName } from "../levels";
import * as t from "../messages.en";
import { go, hrefLike, route } from "../route";
import { children, customerEntry, known, me, useList } from "../store";
import { Icon } from "../ui/icon";

const opened: Signal<ReadonlySet<string>> = signal(new Set());
const setOpen = (ids: string[], on: boolean) => {
  const next = new Set(opened.peek());
  for (const id of ids) on ? next.add(id) : next.delete(id);
  opened.value = next;
};
/** The item that the Tab key reaches. */
const active = signal("");

export function resetTree(): void {
  opened.value = new Set();
  active.value = "";
}

/** The page that a click in the tree opens: the same kind of page for another customer. */
const target = (id: string) => {
  const { page } = route.value;
  return hrefLike(page, id);
};

export function Tree() {
  const root = me.value?.customer;
  const list = useRef<HTMLUListElement>(null);
  const current = route.value.id || root?.id || "";
  const customer = customerEntry(current).state.value.data;
  const path = customer?.path ?? "";

  useEffect(() => {
    if (!root || !customer) return;
    const ids = path.split("/");
    const above = ids.slice(Math.max(0, ids.indexOf(root.id)), -1);
    setOpen([root.id, ...above], true);
    active.value = customer.id;
  }, [path]);
  useEffect(() => {
    // The item may come with a later response, so try for as long as the tree grows.
    const shown = list.current;
    if (!shown || !customer) return;
    const reveal = () =>
      shown.querySelector(`[data-id="${CSS.escape(customer.id)}"] > .row`)?.scrollIntoView({ block: "nearest" });
    reveal();
    const grown = new MutationObserver(reveal);
    grown.observe(shown, { childList: true, subtree: true });
    const stop = setTimeout(() => grown.disconnect(), 3000);
    return () => {
      clearTimeout(stop);
      grown.disconnect();
    };
  }, [customer?.id]);

  const onKeyDown = (event: KeyboardEvent) => {
    const item = (event.target as HTMLElement).closest<HTMLElement>('[role="treeitem"]');
    if (!item || event.ctrlKey || event.altKey) return;
    const all = [...(list.current?.querySelectorAll<HTMLElement>('[role="treeitem"]') ?? [])];
    const at = all.indexOf(item);
    const id = item.dataset.id ?? "";
    const expanded = item.getAttribute("aria-expanded");
    let next: Element | null | undefined;
    switch (event.key) {
      case "ArrowDown":
        next = all[at + 1];
        break;
      case "ArrowUp":
        next = all[at - 1];
        break;
      case "Home":
        next = all[0];
        break;
      case "End":
        next = all.at(-1);
        break;
      case "ArrowRight":
        if (expanded === "false") setOpen([id], true);
        else if (expanded === "true") next = item.querySelector('[role="treeitem"]');
        break;
      case "ArrowLeft":
        if (expanded === "true") setOpen([id], false);
        else next = item.parentElement?.closest('[role="treeitem"]');
        break;
      case "Enter":
      case " ":
        if (id) go(target(id));
        else item.querySelector<HTMLElement>(".row")?.click();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (next instanceof HTMLElement) {
      active.value = next.dataset.id ?? next.dataset.more ?? "";
      next.focus();
    }
  };
  if (!root) return null;
  return (
    <ul ref={list} class="tree" role="tree" aria-label={t.customerTree} onKeyDown={onKeyDown}>
      <Item customer={root} level={1} current={current} path={path.split("/")} />
    </ul>
  );
}

interface ItemProps {
  customer: Customer;
  level: number;
  current: string;
  /** The ids from the root of the service to the customer in use. */
  path: string[];
}

function Item({ customer, level, current, path }: ItemProps) {
  const holds = canHold(customer.level);
  const open = holds && opened.value.has(customer.id);
  const now = known(customer.id) ?? customer;
  return (
    <li
      role="treeitem"
      aria-level={level}
      aria-selected={customer.id === current}
      aria-label={`${now.name}, ${levelName(now.level)}`}
      data-id={customer.id}
      aria-expanded={holds ? open : undefined}
      tabIndex={active.value === customer.id || (!active.value && level === 1) ? 0 : -1}
    >
      <div
        class="row"
        style={{ paddingInlineStart: `${4 + (level - 1) * 12}px` }}
        onClick={(event) => {
          event.stopPropagation();
          if ((event.target as Element).closest(".twist") && holds) setOpen([customer.id], !open);
          else go(target(customer.id));
        }}
      >
        <span class="twist">{holds && <Icon name={open ? "open" : "closed"} />}</span>
        <span class="name" title={now.name}>
          {now.name}
        </span>
      </div>
      {open && <Children of={customer.id} level={level + 1} current={current} path={path} />}
    </li>
  );
}

function Children({ of, level, current, path }: { of: string; level: number; current: string; path: string[] }) {
  const list = children(of);
  const { rows, complete, ready, loading, error } = useList(list, 1);
  const more = () => void list.ensure(rows.length + 100);
  // The next page is read when its place in the tree is reached.
  const rest = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const of = rest.current;
    if (!of) return;
    const watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && more(), { rootMargin: "200px" });
    watch.observe(of);
    return () => watch.disconnect();
  }, [rows.length, ready, complete]);
  // The customer in use is shown even if its page of the list is not read yet.
  const below = path[path.indexOf(of) + 1];
  const inPath = path.includes(of) && below && !rows.some((each) => each.id === below) ? known(below) : undefined;
  const indent = { paddingInlineStart: `${4 + (level - 1) * 12}px` };
  return (
    <ul role="group">
      {rows.map((each) => (
        <Item key={each.id} customer={each} level={level} current={current} path={path} />
      ))}
      {inPath && ready && !inPath.archive && (
        <Item key={inPath.id} customer={inPath} level={level} current={current} path={path} />
      )}
      {ready && complete && rows.length === 0 && (
        <li role="none" class="tree-note" style={indent}>
          {t.nothingBelow}
        </li>
      )}
      {!ready && loading && (
        <li role="none" class="tree-note skeleton" style={indent}>
          <span class="bar w1" />
        </li>
      )}
      {error && (
        <li role="none" class="tree-note" style={indent}>
          <span class="bad-text">{t.errorText(error)}</span>{" "}
          <button type="button" class="link" onClick={() => void list.retry()}>
            {t.tryAgain}
          </button>
        </li>
      )}
      {ready && !complete && !error && (
        <li
          ref={rest}
          role="treeitem"
          aria-level={level}
          aria-selected={false}
          data-more={`more ${of}`}
          tabIndex={active.value === `more ${of}` ? 0 : -1}
          aria-label={t.showMore}
        >
          <div
            class="row more"
            style={indent}
            onClick={(event) => {
              event.stopPropagation();
              more();
            }}
          >
            <span class="twist" />
            <span class="name">{t.showMore}</span>
          </div>
        </li>
      )}
    </ul>
  );
}
