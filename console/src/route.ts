// The address: which page, which customer, and how the page is set. Everything that is drawn derives from it.
import { computed, signal } from "@preact/signals";

export const PAGES = [
  "customers",
  "customer",
  "dashboard",
  "accounts",
  "trials",
  "invoicing",
  "imports",
  "audit",
  "storage-locations",
  "my-sign-in",
] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  page: Page;
  /** The customer in use. Empty means the user's own company. */
  id: string;
  /** The part after the customer, such as a tab or `add`. */
  rest: string;
  query: Readonly<Record<string, string>>;
}

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?");
  const [page = "", id = "", rest = ""] = path.split("/").map(safeDecode);
  const known = PAGES.find((each) => each === page);
  return {
    page: known ?? "customers",
    id: known ? id : "",
    rest: known ? rest : "",
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function href(page: Page, id: string, rest = "", query: Record<string, string | undefined> = {}): string {
  const given = Object.entries(query).filter((each): each is [string, string] => Boolean(each[1]));
  const path = [page, id, rest].filter(Boolean).map(encodeURIComponent).join("/");
  return `#/${path}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

/** The same kind of page for another customer, or the customer's own if the page is of no customer. */
export const hrefLike = (page: Page, id: string): string =>
  href(["imports", "storage-locations", "my-sign-in"].includes(page) ? "customer" : page, id);

const hash = signal(location.hash);
export const route = computed(() => parse(hash.value));
/** The address without its settings: a new one is a new page, which begins at the top and takes the focus. */
export const place = computed(() => hash.value.split("?")[0] ?? "");

/** A form that was filled in. `ask` resolves to whether the user leaves it. */
export interface Guard {
  dirty: () => boolean;
  ask: () => Promise<boolean>;
}
let guard: Guard | null = null;

/** Ask before this page is left. Returns a function that removes the guard. */
export function guardLeaving(added: Guard): () => void {
  guard = added;
  return () => {
    if (guard === added) guard = null;
  };
}

export function go(to: string): void {
  if (location.hash === to) return;
  location.hash = to;
}

/** Go on without asking: the form was sent. */
export function goUnasked(to: string): void {
  guard = null;
  go(to);
}

/** Change settings of the page in its address, without a new entry in the browser's history. */
export function setQuery(changes: Record<string, string | undefined>): void {
  const { page, id, rest, query } = route.value;
  const to = href(page, id, rest, { ...query, ...changes });
  history.replaceState(history.state, "", to);
  hash.value = to;
}

/** The entry in the browser's history. Back returns to it, and a new visit of the same address is another one. */
export function historyEntry(): string {
  if (!history.state?.entry) history.replaceState({ entry: crypto.randomUUID() }, "");
  return history.state.entry;
}

addEventListener("hashchange", async () => {
  const wanted = location.hash;
  if (wanted === hash.value) return;
  const asked = guard;
  if (asked?.dirty() && wanted.split("?")[0] !== place.value) {
    history.pushState(null, "", hash.value || "#/"); // the page stays as it is until the user has decided
    if (!(await asked.ask())) return;
    if (guard === asked) guard = null;
    location.hash = wanted;
    return;
  }
  hash.value = wanted;
});

addEventListener("beforeunload", (event) => {
  if (guard?.dirty()) event.preventDefault();
});
