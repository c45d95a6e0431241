// One account: its state and what to do about it, changes in place, and the credentials of a machine.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api/client";
import type { Account, Role } from "../api/types";
import * as t from "../messages.en";
import { goUnasked, href } from "../route";
import { entry, may, me, refreshLists, useEntry } from "../store";
import { Button, Copyable, Dot, dayText, Failed, Notice, Skeleton, When } from "../ui/basics";
import { ask } from "../ui/dialog";
import { Choices, Form, TextField } from "../ui/form";
import { MenuButton, type MenuEntry } from "../ui/popover";
import { say } from "../ui/toast";
import { Credentials } from "./credentials";
import { AccountHistory } from "./history";
import { Actor, attempt, CustomerLink, PageHead } from "./parts";

/** From the least to the most. */
export const ROLES: Role[] = ["supporter", "operator", "manager", "administrator", "super_user"];
/** The roles that this user may give: none above their own. */
export const givable = (own: string): Role[] => ROLES.slice(0, ROLES.indexOf(own as Role) + 1);

export const STATUS: Record<string, "ring" | "ok" | "off" | "warn" | "bad"> = {
  invited: "ring",
  invitation_expired: "warn",
  undeliverable: "bad",
  active: "ok",
  disabled: "off",
  removed: "off",
};
/** The status. An invitation whose mail failed is shown as not delivered. */
export const statusOf = (of: Account): string =>
  of.status === "invited" && of.identity === "failed" ? "undeliverable" : of.status;
export const StatusOf = ({ of }: { of: Account }) => (
  <Dot kind={STATUS[statusOf(of)] ?? "off"}>{t.word(t.statuses, statusOf(of))}</Dot>
);

export const accountEntry = (id: string) => entry<Account>(`account/${id}`, () => api.account(id));

/** Keep an account that a response contained, and read the lists of accounts again. */
function learnAccount(account: Account): Account {
  accountEntry(account.id).set(account);
  refreshLists("accounts/", "account-history/", "audit/");
  return account;
}

/** Whether this user may change the account: not the own one, and none of a role above their own. */
export const changeable = (of: Account): boolean => {
  const own = me.value?.account;
  const others = may("change_accounts") && own !== undefined && of.id !== own.id && of.status !== "removed";
  return others && givable(own.role).includes(of.role as Role);
};

/** Whether the person has not signed in, so that another invitation may be sent. */
export const canResend = (of: Account): boolean =>
  of.kind === "person" && of.email !== null && !of.signed_in_at && !["disabled", "removed"].includes(of.status);

// ---------------------------------------------------------------- actions

export const resend = (of: Account) =>
  attempt(async () => {
    learnAccount(await api.resendInvitation(of.id));
    say(t.invitationSent(of.display_name));
  });

export const changeRole = (of: Account, role: Role) =>
  attempt(async () => {
    const changed = learnAccount(await api.changeAccount(of, { role }));
    say(t.accountRole(of.display_name, t.roles[role].toLowerCase()), {
      undo: () =>
        void attempt(async () => void learnAccount(await api.changeAccount(changed, { role: of.role as Role }))),
    });
  });

export const enable = (of: Account) =>
  attempt(async () => {
    learnAccount(await api.changeAccount(of, { disabled: false }));
    say(t.accountEnabled(of.display_name));
  });

export async function disable(of: Account): Promise<void> {
  const answer = await ask({
    title: t.disableTitle(of.display_name),
    consequences: [
      { icon: "leave", text: of.kind === "api" ? t.disableMachine : t.disableSession },
      { icon: "undo", text: t.disableKept },
    ],
    yes: t.disable,
    danger: true,
  });
  if (answer !== "yes") return;
  await attempt(async () => {
    const changed = learnAccount(await api.changeAccount(of, { disabled: true }));
    say(t.accountDisabled(of.display_name), { undo: () => void enable(changed) });
  });
}

export async function remove(of: Account, done?: () => void): Promise<void> {
  const answer = await ask({
    title: t.removeAccountTitle(of.display_name),
    consequences: [
      { icon: "leave", text: of.kind === "api" ? t.removeMachine : t.removeAccountSession },
      { icon: "lock", text: of.kind === "api" ? t.removeMachineFinal : t.removeAccountFinal },
    ],
    yes: t.remove,
    danger: true,
  });
  if (answer !== "yes") return;
  await attempt(async () => {
    await api.removeAccount(of);
    done?.();
    refreshLists("accounts/");
    say(t.accountRemoved(of.display_name));
  });
}

/** The menu of an account in a list. */
export function accountMenu(of: Account): MenuEntry[] {
  const open: MenuEntry = { text: t.open, icon: "account", href: href("accounts", of.customer_id, of.id) };
  if (!changeable(of)) return [open];
  const disabled = of.status === "disabled";
  return [
    open,
    ...(canResend(of) ? [{ text: t.resend, icon: "undo", act: () => void resend(of) } as const] : []),
    ...givable(me.value?.account.role ?? "")
      .filter((role) => role !== of.role)
      .map(
        (role): MenuEntry => ({
          text: t.makeRole(t.roles[role].toLowerCase()),
          icon: "account",
          act: () => void changeRole(of, role),
        }),
      ),
    {
      text: disabled ? t.enable : t.disable,
      icon: disabled ? "check" : "lock",
      act: () => void (disabled ? enable(of) : disable(of)),
    },
    { text: t.remove, icon: "remove", danger: true, act: () => void remove(of) },
  ];
}

// ---------------------------------------------------------------- the page

export function AccountPage({ id }: { id: string }) {
  const of = accountEntry(id);
  const { data, error } = useEntry(of);
  useEffect(() => {
    if (of.state.peek().data) void of.load(); // known from a list: an invitation may have been sent since
  }, [of]);
  if (data) return <Shown of={data} />;
  return (
    <div class="page">
      {error ? (
        <>
          <PageHead title={error.status === 404 ? t.nothingHere : t.failed} />
          <Failed problem={error} again={() => void of.load()} />
        </>
      ) : (
        <Skeleton lines={8} />
      )}
    </div>
  );
}

function Shown({ of }: { of: Account }) {
  const changes = changeable(of);
  const disabled = of.status === "disabled";
  const machine = of.kind === "api";
  const back = href("accounts", of.customer_id);
  return (
    <div class="page account">
      <PageHead
        title={of.display_name}
        tag={
          <>
            <span class="tag">{machine ? t.machine : t.person}</span>
            <StatusOf of={of} />
          </>
        }
        actions={
          changes && (
            <>
              {canResend(of) && (
                <Button kind="primary" icon="undo" onClick={() => void resend(of)}>
                  {t.resend}
                </Button>
              )}
              {disabled ? (
                <Button icon="check" onClick={() => void enable(of)}>
                  {t.enable}
                </Button>
              ) : (
                <Button icon="lock" onClick={() => void disable(of)}>
                  {t.disable}
                </Button>
              )}
              <MenuButton
                label={t.more}
                buttonClass="button bare"
                entries={[
                  {
                    text: t.remove,
                    icon: "remove",
                    danger: true,
                    act: () => void remove(of, () => goUnasked(back)),
                  },
                ]}
              />
            </>
          )
        }
      />
      <What of={of} />
      <section class="part">
        <h2>{t.details}</h2>
        <dl>
          <InPlace
            of={of}
            changes={changes}
            label={t.accountName}
            shown={of.display_name}
            values={{ display_name: of.display_name }}
            send={({ display_name }) => api.changeAccount(of, { display_name })}
          >
            {(form) => <TextField form={form} name="display_name" label={t.accountName} input={{ maxLength: 128 }} />}
          </InPlace>
          {!machine && (
            <InPlace
              of={of}
              changes={changes && !disabled}
              label={t.email}
              shown={of.email ?? t.none}
              values={{ email: of.email ?? "" }}
              save={t.changeAndInvite}
              send={({ email }) => api.changeEmail(of, email)}
            >
              {(form) => (
                <>
                  <TextField form={form} name="email" label={t.email} input={{ type: "email" }} />
                  <ul class="consequences">
                    <li>{t.emailChangeInvites}</li>
                    {of.signed_in_at && <li>{t.emailChangeEnds}</li>}
                  </ul>
                </>
              )}
            </InPlace>
          )}
          <InPlace
            of={of}
            changes={changes}
            label={t.role}
            shown={
              <>
                {t.word(t.roles, of.role)}
                <span class="hint"> {t.word(t.roleHints, of.role)}</span>
              </>
            }
            values={{ role: of.role as Role }}
            send={({ role }) => api.changeAccount(of, { role })}
          >
            {(form) => <RoleChoices form={form} />}
          </InPlace>
          <Row label={t.heads.customer}>
            <CustomerLink id={of.customer_id} />
          </Row>
          {!machine && (
            <>
              <Row label={t.heads.signedIn}>{of.signed_in_at ? <When at={of.signed_in_at} time /> : t.never}</Row>
              <Row label={t.secondFactor}>
                <Dot kind={of.second_factor ? "ok" : "off"}>{of.second_factor ? t.factorSet : t.factorNotSet}</Dot>
              </Row>
            </>
          )}
          <Row label={t.heads.added}>
            <When at={of.created_at} time /> · <Actor id={of.created_by} />
          </Row>
          <Row label={t.accountId}>
            <Copyable text={of.id} label={t.accountId} />
          </Row>
        </dl>
      </section>
      {machine && may("change_accounts") && <Credentials of={of} changes={changes && !disabled} />}
      {may("read_audit") && <AccountHistory of={of} />}
    </div>
  );
}

/** What the state means, and what to do about it. */
function What({ of }: { of: Account }) {
  const status = statusOf(of);
  if (status === "invited")
    return (
      <p class="hint">
        {of.invited_at && of.invitation_expires_at
          ? t.invitedUntil(dayText(of.invited_at), dayText(of.invitation_expires_at))
          : t.beingInvited}
      </p>
    );
  const reason = of.invitation_failure === "email_taken" ? t.statusHints.email_taken : undefined;
  const hint = reason ?? (t.statusHints as Readonly<Record<string, string>>)[status];
  return hint ? <Notice kind={status === "undeliverable" ? "bad" : "warn"}>{hint}</Notice> : null;
}

const Row = ({ label, children }: { label: string; children: ComponentChildren }) => (
  <div>
    <dt>{label}</dt>
    <dd>{children}</dd>
  </div>
);

/** One value of the account, which a button turns into a field. */
function InPlace<V extends Record<string, unknown>>({
  of,
  changes,
  label,
  shown,
  values,
  save = t.save,
  send,
  children,
}: {
  of: Account;
  changes: boolean;
  label: string;
  shown: ComponentChildren;
  values: V;
  save?: string;
  send: (values: V) => Promise<Account>;
  children: (form: Form<V>) => ComponentChildren;
}) {
  const [form, setForm] = useState<Form<V> | null>(null);
  const node = useRef<HTMLFormElement>(null);
  const id = `edit-${Object.keys(values)[0]}`;
  useEffect(() => node.current?.querySelector<HTMLElement>("input:checked, input")?.focus(), [form]);
  const close = () => {
    form?.discard();
    setForm(null);
    requestAnimationFrame(() => document.getElementById(id)?.focus());
  };
  return (
    <Row label={label}>
      {form ? (
        <form
          ref={node}
          aria-label={t.editOf(label)}
          noValidate
          onKeyDown={(event) => event.key === "Escape" && close()}
          onSubmit={async (event) => {
            event.preventDefault();
            await form.submit(async (given) => {
              learnAccount(await send(given));
              say(t.saved(of.display_name));
              close();
            });
            requestAnimationFrame(() => node.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
          }}
        >
          {children(form)}
          {form.problem.value && <Notice kind="bad">{t.errorText(form.problem.value)}</Notice>}
          <div class="buttons start">
            <Button type="submit" kind="primary" aria-busy={form.busy.value}>
              {save}
            </Button>
            <Button onClick={close}>{t.cancel}</Button>
          </div>
        </form>
      ) : (
        <>
          {shown}
          {changes && (
            <Button
              kind="quiet"
              bare
              icon="edit"
              id={id}
              onClick={() => setForm(new Form(`account ${of.id} ${id}`, values))}
            >
              {t.editOf(label)}
            </Button>
          )}
        </>
      )}
    </Row>
  );
}

/** The roles that may be given, the most powerful first, with what each may do. */
export function RoleChoices<V extends { role: Role } & Record<string, unknown>>({ form }: { form: Form<V> }) {
  const roles = [...givable(me.value?.account.role ?? "supporter")].reverse();
  return (
    <Choices
      form={form}
      name="role"
      label={t.role}
      choices={roles.map((value) => ({ value, title: t.roles[value], hint: t.roleHints[value] }))}
    />
  );
}
