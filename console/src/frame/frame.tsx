// The frame: the guide's menu, the tree, the path with the customer dropdown, the account menu.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Customer, Operation } from "../api/types";
import { canHold } from "../levels";
import * as t from "../messages.en";
import { pref } from "../prefs";
import { href, hrefLike, type Page, place, route } from "../route";
import { signOut } from "../session";
import { customerEntry, known, may, me, need, useEntry } from "../store";
import { Button } from "../ui/basics";
import { Dialogs } from "../ui/dialog";
import { Icon, type IconName } from "../ui/icon";
import { MenuButton } from "../ui/popover";
import { Toasts } from "../ui/toast";
import { Mark } from "./mark";
import { Switcher } from "./switcher";
import { Tree } from "./tree";

type Entry = [page: Page, text: string, icon: IconName, operation?: Operation];
const MENU: [title: string, entries: Entry[]][] = [
  [t.menu.backup, [["dashboard", t.menu.dashboard, "device"]]],
  [
    t.menu.management,
    [
      ["customers", t.menu.customers, "customers"],
      ["accounts", t.menu.accounts, "account"],
      ["trials", t.menu.trials, "clock"],
      ["invoicing", t.menu.invoicing, "invoice", "read_invoicing"],
      ["imports", t.menu.imports, "import", "change_customers"],
    ],
  ],
  [
    t.menu.records,
    [
      ["storage-locations", t.menu.locations, "locations"],
      ["audit", t.menu.audit, "info", "read_audit"],
    ],
  ],
];

export const theme = pref<"system" | "light" | "dark">("theme", "system");
const drawer = signal(false);

export function Frame({ children }: { children: ComponentChildren }) {
  const current = route.value.id || me.value?.customer.id || "";
  useEffect(() => {
    document.documentElement.style.colorScheme = theme.value === "system" ? "light dark" : theme.value;
  }, [theme.value]);
  useEffect(() => {
    drawer.value = false;
  }, [place.value]);
  const { page } = route.value;
  const shown = page === "customer" ? "customers" : page;
  return (
    <div class={`shell ${drawer.value ? "drawer-open" : ""}`}>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {t.skip}
      </a>
      <div
        class="sidebar"
        id="sidebar"
        onKeyDown={(event) => {
          if (event.key === "Escape") drawer.value = false;
        }}
      >
        <nav aria-label={t.menu.title}>
          <p class="brand">
            <Mark /> {t.product}
          </p>
          {MENU.map(([title, entries]) => (
            <div key={title} class="menu-part">
              <p>{title}</p>
              {entries
                .filter(([, , , operation]) => !operation || may(operation))
                .map(([of, text, icon]) => (
                  <a key={of} href={href(of, current)} aria-current={of === shown ? "page" : undefined}>
                    <Icon name={icon} />
                    {text}
                  </a>
                ))}
            </div>
          ))}
        </nav>
        <section class="tree-part" aria-label={t.customerTree}>
          <p>{t.customerTree}</p>
          <Tree />
        </section>
      </div>
      {drawer.value && (
        <button
          type="button"
          class="backdrop"
          aria-label={t.closeMenu}
          onClick={() => {
            drawer.value = false;
          }}
        />
      )}
      <header class="topbar">
        <Button
          class="narrow"
          kind="quiet"
          bare
          icon="menu"
          id="menu"
          aria-expanded={drawer.value}
          aria-controls="sidebar"
          onClick={() => {
            drawer.value = !drawer.value;
          }}
        >
          {t.menu.title}
        </Button>
        <Path id={current} />
        <span class="grow" />
        <AccountMenu />
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Toasts />
      <Dialogs />
    </div>
  );
}

/** The ids from the user's own company to a customer. */
export function pathOf(customer: Customer): string[] {
  const ids = customer.path.split("/");
  return ids.slice(Math.max(0, ids.indexOf(me.value?.customer.id ?? "")));
}

/** The names from below the user's company down to the parent, for a table's cell. */
export const nameOf = (id: string): string => known(id)?.name ?? "";

function Path({ id }: { id: string }) {
  const { data, error } = useEntry(customerEntry(id));
  const ids = data ? pathOf(data) : [];
  useEffect(() => void need(ids), [data?.path]);
  if (!data)
    return (
      <span class="path">
        {error ? (
          ""
        ) : (
          <span class="skeleton">
            <span class="bar w1" />
          </span>
        )}
      </span>
    );
  const above = ids.slice(0, -1);
  const { page } = route.value;
  return (
    <nav class="path" aria-label={t.path}>
      {above.map((each, at) => (
        <span key={each} class={`crumb ${at < above.length - 2 ? "far" : ""}`}>
          <a href={hrefLike(page, each)}>{nameOf(each) || "…"}</a>
          <span aria-hidden="true">/</span>
        </span>
      ))}
      <Switcher customer={data} addBelow={may("change_customers") && canHold(data.level) && !data.archive} />
    </nav>
  );
}

function AccountMenu() {
  const account = me.value?.account;
  if (!account) return null;
  const initials = account.display_name
    .split(/\s+/)
    .map((word) => [...word][0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
  const next = { system: "light", light: "dark", dark: "system" } as const;
  return (
    <MenuButton
      label={t.accountMenu(account.display_name, t.word(t.roles, account.role))}
      buttonClass="avatar"
      button={<span aria-hidden="true">{initials || "?"}</span>}
      entries={[
        { text: t.mySignIn, icon: "lock", href: href("my-sign-in", "") },
        {
          text: t.theme[theme.value],
          icon: "theme",
          act: () => {
            theme.value = next[theme.value];
          },
        },
        { text: t.signOut, icon: "leave", act: () => void signOut() },
      ]}
    />
  );
}
