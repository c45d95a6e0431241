// The store: what was read from the API, under the key of what it is. Pages, header, tree and dialogs draw from it.
//
// Every request has a turn. A response is dropped if a newer request or a newer value came first, so a slow response
// never overwrites a newer one.
import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as api from "./api/client";
import { Problem } from "./api/problem";
import type { Customer, Me } from "./api/types";

export interface Loaded<T> {
  data?: T;
  error?: Problem;
  loading: boolean;
  /** When the data was read, in milliseconds. */
  at?: number;
}

export const asProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  throw error; // a mistake in the console's own code, which the browser reports
};

/** One value of the API. */
export class Entry<T> {
  readonly state: Signal<Loaded<T>> = signal({ loading: false });
  private turn = 0;
  stale = true;

  constructor(private readonly read: () => Promise<T>) {}

  /** Read the value. What is shown stays until the response is here. */
  async load(): Promise<void> {
    const mine = ++this.turn;
    this.stale = false;
    this.state.value = { ...this.state.value, loading: true };
    try {
      const data = await this.read();
      if (mine === this.turn) this.state.value = { data, loading: false, at: Date.now() };
    } catch (error) {
      const problem = asProblem(error);
      if (mine !== this.turn) return;
      this.stale = true;
      this.state.value = { ...this.state.value, error: problem, loading: false };
    }
  }

  /** Set the value that a response to a change contained. */
  set(data: T): void {
    this.turn++;
    this.stale = false;
    this.state.value = { data, loading: false, at: Date.now() };
  }
}

export interface Page<R> {
  rows: R[];
  next: string | null;
  incomplete?: { kind: string; id: string }[];
}

export interface Listed<R> {
  rows: R[];
  /** Whether all rows are here. */
  complete: boolean;
  /** Whether at least one page was read. */
  ready: boolean;
  loading: boolean;
  incomplete: { kind: string; id: string }[];
  error?: Problem;
  at?: number;
}

const EMPTY: Listed<never> = { rows: [], complete: false, ready: false, loading: false, incomplete: [] };
/** The largest number of rows that is read to sort or filter a list in the browser, and the most requests for it. */
export const MOST_ROWS = 2_000;
const MOST_REQUESTS = 40;

/** A list of the API, read page by page, as far as it is needed. */
export class List<R> {
  readonly state: Signal<Listed<R>> = signal(EMPTY);
  private turn = 0;
  private next: string | null = null;
  private wanted = 0;
  stale = true;

  constructor(private readonly read: (cursor: string | null) => Promise<Page<R>>) {}

  /** Read until there are `count` rows, or all. */
  async ensure(count: number): Promise<void> {
    this.wanted = Math.max(this.wanted, count);
    const { loading, error } = this.state.value;
    if (!loading && !error) await this.run(++this.turn, this.state.value);
  }

  /** Read the list again. The old rows are shown until the new ones are here. */
  async reload(): Promise<void> {
    this.next = null;
    this.stale = false;
    await this.run(++this.turn, { ...EMPTY });
  }

  /** Try again after an error. */
  async retry(): Promise<void> {
    if (this.state.value.ready && !this.stale) await this.run(++this.turn, this.state.value);
    else await this.reload();
  }

  private async run(mine: number, from: Listed<R>): Promise<void> {
    let found = from;
    try {
      for (let asked = 0; asked < MOST_REQUESTS && !found.complete; asked++) {
        if (found.ready && found.rows.length >= this.wanted) break;
        const { error: _error, ...rest } = this.state.value;
        this.state.value = { ...rest, loading: true };
        const page = await this.read(this.next);
        if (mine !== this.turn) return;
        this.next = page.next;
        this.stale = false;
        found = {
          rows: [...found.rows, ...page.rows],
          complete: page.next === null,
          // A page may be empty and not the last one, because the API filters after reading.
          ready: found.ready || page.rows.length > 0 || page.next === null,
          loading: false,
          incomplete: [...found.incomplete, ...(page.incomplete ?? [])],
          at: Date.now(),
        };
        if (found.ready) this.state.value = found;
      }
      this.state.value = { ...found, ready: true };
    } catch (error) {
      const problem = asProblem(error);
      if (mine !== this.turn) return;
      this.stale = !found.ready;
      this.state.value = { ...this.state.value, error: problem, loading: false };
    }
  }
}

// ---------------------------------------------------------------- the keys

const entries = new Map<string, Entry<unknown>>();
const lists = new Map<string, List<unknown>>();
const shown = new Map<List<unknown>, number>();

export function entry<T>(key: string, read: () => Promise<T>): Entry<T> {
  const found = (entries.get(key) as Entry<T> | undefined) ?? new Entry<T>(read);
  entries.set(key, found as Entry<unknown>);
  return found;
}

export function list<R>(key: string, read: (cursor: string | null) => Promise<Page<R>>): List<R> {
  const found = (lists.get(key) as List<R> | undefined) ?? new List<R>(read);
  lists.set(key, found as List<unknown>);
  return found;
}

/** Forget everything: another user signs in. */
export function clear(): void {
  entries.clear();
  lists.clear();
  shown.clear();
}

/** Read the lists again whose keys begin so: those on the page now, the others when they are shown. */
export function refreshLists(...prefixes: string[]): void {
  for (const [key, each] of lists) {
    if (!prefixes.some((prefix) => key.startsWith(prefix))) continue;
    each.stale = true;
    if (shown.get(each)) void each.reload();
  }
}

/** Read an entry if it is not here, and draw again when it changes. */
export function useEntry<T>(of: Entry<T>): Loaded<T> {
  useEffect(() => {
    if (of.stale && !of.state.value.loading) void of.load();
  }, [of]);
  return of.state.value;
}

/** Read at least `count` rows of a list, and draw again when it changes. A negative count reads nothing. */
export function useList<R>(of: List<R>, count: number): Listed<R> {
  useEffect(() => {
    const key = of as List<unknown>;
    shown.set(key, (shown.get(key) ?? 0) + 1);
    return () => void shown.set(key, (shown.get(key) ?? 1) - 1);
  }, [of]);
  useEffect(() => {
    if (count < 0) return;
    if (of.stale && of.state.value.ready) void of.reload();
    else void of.ensure(count);
  }, [of, count]);
  return of.state.value;
}

// ---------------------------------------------------------------- customers

export const customerEntry = (id: string): Entry<Customer> => entry(`customer/${id}`, () => api.customer(id));

/** Keep a customer that a response contained, unless a newer version is here. */
export function learn<C extends Customer>(customer: C): C {
  const of = customerEntry(customer.id);
  const known = of.state.value.data;
  if (!known || known.version <= customer.version) of.set(customer);
  return customer;
}

export const known = (id: string): Customer | undefined => customerEntry(id).state.value.data;

const missing = new Set<string>();
let collecting: Promise<void> | null = null;

/** Read the customers that are not here, in one request for all that ask in the same moment. */
export function need(ids: string[]): Promise<void> {
  for (const id of ids) if (!customerEntry(id).state.peek().data) missing.add(id);
  if (missing.size === 0) return collecting ?? Promise.resolve();
  collecting ??= (async () => {
    await Promise.resolve();
    const wanted = [...missing];
    missing.clear();
    collecting = null;
    for (let at = 0; at < wanted.length; at += 100) {
      const page = await api.customers({ ids: wanted.slice(at, at + 100).join(",") }).catch(asProblem);
      if (page instanceof Problem) return; // names are shown when they are here; the page works without them
      page.customers.forEach(learn);
    }
  })();
  return collecting;
}

/** After a customer has changed: keep it, and read the lists again that may contain it. */
export function changed(customer: Customer): void {
  learn(customer);
  refreshLists("customers?", "drift/", `history/${customer.id}`, "devices/", "audit/");
}

/** The children of a customer by name. */
export const children = (id: string): List<Customer> => customerList({ parent_id: id });

/** A list of customers. The key is the query. */
export function customerList(query: NonNullable<api.CustomerQuery>): List<Customer> {
  const key = `customers?${new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))}`;
  return list(key, async (cursor) => {
    const page = await api.customers({ ...query, cursor, limit: 100 });
    page.customers.forEach(learn);
    return { rows: page.customers, next: page.next_cursor, incomplete: page.incomplete };
  });
}

// ---------------------------------------------------------------- who is here

export const me = signal<Me | null>(null);
export const may = (operation: Me["may"][number]): boolean => me.value?.may.includes(operation) ?? false;
