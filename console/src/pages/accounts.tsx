// Accounts of a customer: who may do what.
import * as api from "../api/client";
import type { Account, Customer, Role } from "../api/types";
import * as t from "../messages.en";
import { goUnasked, href, route } from "../route";
import { entry, type List, list, may, me, refreshLists } from "../store";
import { Dot, Empty, LinkButton, When } from "../ui/basics";
import { ask } from "../ui/dialog";
import { Choices, FormPage, TextField, useForm } from "../ui/form";
import type { MenuEntry } from "../ui/popover";
import { type Column, Table } from "../ui/table";
import { say } from "../ui/toast";
import { attempt, CustomerLink, PageHead, Tabs } from "./parts";

/** From the least to the most. */
const ROLES: Role[] = ["supporter", "operator", "manager", "administrator", "super_user"];
/** The roles that this user may give: none above their own. */
export const givable = (own: string): Role[] => ROLES.slice(0, ROLES.indexOf(own as Role) + 1);

export const accountList = (id: string, scope: string): List<Account> =>
  list(`accounts/${id}/${scope}`, async (cursor) => {
    const page = await api.accounts({
      ...(scope === "below" ? { within: id } : { customer_id: id }),
      cursor,
      limit: 100,
    });
    for (const each of page.accounts) entry(`account/${each.id}`, () => api.account(each.id)).set(each);
    return { rows: page.accounts, next: page.next_cursor, incomplete: page.incomplete };
  });

const STATUS: Record<string, "ring" | "ok" | "off"> = {
  invited: "ring",
  active: "ok",
  disabled: "off",
  removed: "off",
};

export function AccountsPage({ of }: { of: Customer }) {
  if (route.value.rest === "add") return <AddAccount key={of.id} of={of} />;
  return (
    <div class="page full">
      <PageHead
        title={t.menu.accounts}
        side={of.name}
        actions={
          may("change_accounts") &&
          !of.archive && (
            <LinkButton kind="primary" icon="add" href={href("accounts", of.id, "add")}>
              {t.addAccount}
            </LinkButton>
          )
        }
      />
      <AccountsTable of={of} />
    </div>
  );
}

export function AccountsTable({ of }: { of: Customer }) {
  const { page, rest, query } = route.value;
  const below = query.scope === "below";
  const columns: Column<Account>[] = [
    {
      name: "name",
      title: t.heads.name,
      cell: (each) => <span class="strong">{each.display_name}</span>,
      value: (each) => each.display_name,
    },
    {
      name: "email",
      title: t.heads.email,
      cell: (each) => each.email ?? t.machine,
      value: (each) => each.email ?? t.machine,
    },
    {
      name: "role",
      title: t.heads.role,
      cell: (each) => t.word(t.roles, each.role),
      value: (each) => t.word(t.roles, each.role),
    },
    {
      name: "status",
      title: t.heads.status,
      cell: (each) => <Dot kind={STATUS[each.status] ?? "off"}>{t.word(t.statuses, each.status)}</Dot>,
      value: (each) => t.word(t.statuses, each.status),
    },
    {
      name: "signedIn",
      title: t.heads.signedIn,
      cell: (each) => (each.signed_in_at ? <When at={each.signed_in_at} /> : t.never),
      value: (each) => each.signed_in_at,
    },
    {
      name: "customer",
      title: t.heads.customer,
      cell: (each) => <CustomerLink id={each.customer_id} />,
      value: (each) => each.customer_id,
      on: below,
    },
    {
      name: "added",
      title: t.heads.added,
      cell: (each) => <When at={each.created_at} />,
      value: (each) => each.created_at,
    },
  ];
  const add = may("change_accounts") && !of.archive && (
    <LinkButton icon="add" href={href("accounts", of.id, "add")}>
      {t.addAccount}
    </LinkButton>
  );
  return (
    <>
      <Tabs
        label={t.views}
        current={below ? "below" : ""}
        tabs={[
          { name: "", text: t.accountScopes.here, href: href(page, of.id, rest) },
          { name: "below", text: t.accountScopes.below, href: href(page, of.id, rest, { scope: "below" }) },
        ]}
      />
      <Table
        key={String(below)}
        id={below ? "accounts-below" : "accounts"}
        caption={t.accountsOf(of.name)}
        list={accountList(of.id, below ? "below" : "")}
        columns={columns}
        rowKey={(each) => each.id}
        rowName={(each) => each.display_name}
        find={{ label: t.findByName }}
        noun={t.accountCount}
        fileName="accounts"
        filters={[
          {
            name: "role",
            title: t.heads.role,
            options: ROLES.map((value) => ({ value, text: t.roles[value] })),
            test: (each, value) => each.role === value,
          },
          {
            name: "status",
            title: t.heads.status,
            options: (["invited", "active", "disabled"] as const).map((value) => ({ value, text: t.statuses[value] })),
            test: (each, value) => each.status === value,
          },
        ]}
        {...(may("change_accounts") ? { menu } : {})}
        empty={
          <Empty title={t.noAccounts(of.name)} action={add}>
            {t.noAccountsHint}
          </Empty>
        }
      />
    </>
  );
}

function menu(of: Account): MenuEntry[] {
  const own = me.value?.account;
  if (!own || of.id === own.id || of.status === "removed") return [];
  if (!givable(own.role).includes(of.role as Role)) return []; // a role above their own
  const change = (
    body: Parameters<typeof api.changeAccount>[1],
    said: string,
    undo?: Parameters<typeof api.changeAccount>[1],
  ) =>
    void attempt(async () => {
      const changed = await api.changeAccount(of, body);
      refreshLists("accounts/");
      say(
        said,
        undo
          ? {
              undo: () =>
                void attempt(async () => {
                  await api.changeAccount(changed, undo);
                  refreshLists("accounts/");
                }),
            }
          : {},
      );
    });
  const disabled = of.status === "disabled";
  return [
    ...givable(own.role)
      .filter((role) => role !== of.role)
      .map(
        (role): MenuEntry => ({
          text: t.makeRole(t.roles[role].toLowerCase()),
          icon: "account",
          act: () =>
            change({ role }, t.accountRole(of.display_name, t.roles[role].toLowerCase()), { role: of.role as Role }),
        }),
      ),
    {
      text: disabled ? t.enable : t.disable,
      icon: disabled ? "check" : "lock",
      act: () =>
        change(
          { disabled: !disabled },
          disabled ? t.accountEnabled(of.display_name) : t.accountDisabled(of.display_name),
          { disabled },
        ),
    },
    { text: t.remove, icon: "remove", danger: true, act: () => void remove(of) },
  ];
}

async function remove(of: Account): Promise<void> {
  const answer = await ask({
    title: t.removeAccountTitle(of.display_name),
    consequences: [
      { icon: "leave", text: t.removeAccountSession },
      { icon: "lock", text: t.removeAccountFinal },
    ],
    yes: t.remove,
    danger: true,
  });
  if (answer !== "yes") return;
  await attempt(async () => {
    await api.removeAccount(of);
    refreshLists("accounts/");
    say(t.accountRemoved(of.display_name));
  });
}

// ---------------------------------------------------------------- inviting a person

interface NewPerson extends Record<string, unknown> {
  display_name: string;
  email: string;
  role: Role;
}

function AddAccount({ of }: { of: Customer }) {
  const own = me.value?.account.role ?? "supporter";
  const roles = [...givable(own)].reverse();
  const form = useForm<NewPerson>(`account ${of.id}`, () => ({
    display_name: "",
    email: "",
    role: roles.includes("administrator") ? "administrator" : "supporter",
  }));
  return (
    <FormPage
      form={form}
      title={t.addAccountTitle(of.name)}
      save={t.invite}
      back={href("accounts", of.id)}
      send={async (values, key) => {
        const made = await api.addAccount(of.id, { ...values, kind: "person" }, key);
        refreshLists("accounts/");
        say(t.invited(made.display_name));
        goUnasked(href("accounts", of.id));
      }}
    >
      <p class="hint">{t.noAccountsHint}</p>
      <TextField form={form} name="display_name" label={t.accountName} input={{ maxLength: 128 }} />
      <TextField form={form} name="email" label={t.email} hint={t.emailHint} input={{ type: "email" }} />
      <Choices
        form={form}
        name="role"
        label={t.role}
        choices={roles.map((value) => ({ value, title: t.roles[value], hint: t.roleHints[value] }))}
      />
    </FormPage>
  );
}
