// Accounts of a customer: who may do what.
import * as api from "../api/client";
import type { Account, Customer, Role } from "../api/types";
import * as t from "../messages.en";
import { goUnasked, href, route } from "../route";
import { type List, list, may, me, refreshLists } from "../store";
import { Empty, LinkButton, When } from "../ui/basics";
import { Choices, FormPage, TextField, useForm } from "../ui/form";
import { type Column, Table } from "../ui/table";
import { say } from "../ui/toast";
import { AccountPage, accountEntry, accountMenu, givable, ROLES, RoleChoices, StatusOf, statusOf } from "./account";
import { revealCredential } from "./credentials";
import { CustomerLink, PageHead, Tabs } from "./parts";

export const accountList = (id: string, scope: string): List<Account> =>
  list(`accounts/${id}/${scope}`, async (cursor) => {
    const page = await api.accounts({
      ...(scope === "below" ? { within: id } : { customer_id: id }),
      cursor,
      limit: 100,
    });
    for (const each of page.accounts) accountEntry(each.id).set(each);
    return { rows: page.accounts, next: page.next_cursor, incomplete: page.incomplete };
  });

export function AccountsPage({ of }: { of: Customer }) {
  const { rest } = route.value;
  if (rest === "add") return <AddAccount key={of.id} of={of} />;
  if (rest) return <AccountPage key={rest} id={rest} />;
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
      cell: (each) => (
        <a class="name-link" href={href("accounts", each.customer_id, each.id)}>
          {each.display_name}
        </a>
      ),
      value: (each) => each.display_name,
    },
    {
      name: "email",
      title: t.heads.email,
      cell: (each) => each.email ?? (each.kind === "api" ? t.machine : t.none),
      value: (each) => each.email ?? (each.kind === "api" ? t.machine : t.none),
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
      cell: (each) => <StatusOf of={each} />,
      value: (each) => t.word(t.statuses, statusOf(each)),
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
            options: (["invited", "invitation_expired", "undeliverable", "active", "disabled"] as const).map(
              (value) => ({
                value,
                text: t.statuses[value],
              }),
            ),
            test: (each, value) => statusOf(each) === value,
          },
        ]}
        menu={accountMenu}
        empty={
          <Empty title={t.noAccounts(of.name)} action={add}>
            {t.noAccountsHint}
          </Empty>
        }
      />
    </>
  );
}

// ---------------------------------------------------------------- inviting a person

interface NewAccount extends Record<string, unknown> {
  kind: "person" | "api";
  display_name: string;
  email: string;
  role: Role;
}

function AddAccount({ of }: { of: Customer }) {
  const own = me.value?.account.role ?? "supporter";
  const form = useForm<NewAccount>(`account ${of.id}`, () => ({
    kind: "person",
    display_name: "",
    email: "",
    role: givable(own).includes("administrator") ? "administrator" : "supporter",
  }));
  const machine = form.values.value.kind === "api";
  return (
    <FormPage
      form={form}
      title={t.addAccountTitle(of.name)}
      save={machine ? t.addMachine : t.invite}
      back={href("accounts", of.id)}
      send={async ({ email, ...values }, key) => {
        const { credentials, ...made } = await api.addAccount(of.id, machine ? values : { ...values, email }, key);
        refreshLists("accounts/");
        accountEntry(made.id).set(made);
        if (machine) {
          goUnasked(href("accounts", of.id, made.id));
          revealCredential(made.display_name, credentials);
        } else {
          say(t.invited(made.display_name));
          goUnasked(href("accounts", of.id));
        }
      }}
    >
      <p class="hint">{t.noAccountsHint}</p>
      <Choices
        form={form}
        name="kind"
        label={t.whoSignsIn}
        choices={(["person", "api"] as const).map((value) => ({
          value,
          title: t.kinds[value],
          hint: t.kindHints[value],
        }))}
      />
      <TextField form={form} name="display_name" label={t.accountName} input={{ maxLength: 128 }} />
      {!machine && <TextField form={form} name="email" label={t.email} hint={t.emailHint} input={{ type: "email" }} />}
      <RoleChoices form={form} />
    </FormPage>
  );
}
