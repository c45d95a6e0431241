// My sign-in: the person's own password, second factor and sessions, after the password was asked again.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import * as api from "../api/client";
import { Problem } from "../api/problem";
import { CodeField, Password, SignInError } from "../frame/sign_in";
import * as t from "../messages.en";
import * as own from "../own_sign_in";
import * as session from "../session";
import { asProblem, entry, me } from "../store";
import { Button, Copyable, Dot, Notice } from "../ui/basics";
import { ask } from "../ui/dialog";
import { say } from "../ui/toast";
import { PageHead } from "./parts";

interface Open {
  tokens: session.Tokens;
  password: string;
}

export function MySignInPage() {
  const [open, setOpen] = useState<Open | null>(null);
  const [expired, setExpired] = useState(false);
  useEffect(() => () => void (open && session.endOwn(open.tokens)), [open?.tokens]);
  const user = me.value?.account;
  if (!user) return null;
  return (
    <div class="page my-sign-in">
      <PageHead title={t.mySignIn} side={user.email ?? user.display_name} />
      <p class="hint">{t.mySignInHint}</p>
      {open ? (
        <Opened
          {...open}
          changed={(password) => setOpen({ ...open, password })}
          expired={() => {
            setOpen(null);
            setExpired(true);
          }}
        />
      ) : (
        <Gate
          expired={expired}
          open={(found) => {
            setExpired(false);
            setOpen(found);
          }}
        />
      )}
    </div>
  );
}

/** The state of a form on this page: whether it is being sent, and its error. */
function SmallForm({
  title,
  save,
  send,
  children,
  more,
}: {
  title: string;
  save: string;
  send: (given: (name: string) => string) => Promise<void>;
  children: (error: string) => ComponentChildren;
  more?: ComponentChildren;
}) {
  const form = useRef<HTMLFormElement>(null);
  const error = useId();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    const data = new FormData(form.current ?? undefined);
    setBusy(true);
    setProblem(null);
    try {
      await send((name) => String(data.get(name) ?? ""));
      form.current?.reset();
    } catch (thrown) {
      setProblem(asProblem(thrown));
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("input")?.focus());
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      ref={form}
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {children(error)}
      <SignInError id={error} problem={problem} />
      <div class="buttons start">
        <Button type="submit" kind="primary" aria-busy={busy}>
          {save}
        </Button>
        {more}
      </div>
    </form>
  );
}

function Gate({ expired, open }: { expired: boolean; open: (found: Open) => void }) {
  const [challenge, setChallenge] = useState<session.Challenge | null>(null);
  const password = useRef("");
  const user = me.value?.account;
  const part = useRef<HTMLElement>(null);
  useEffect(() => part.current?.querySelector<HTMLElement>("[data-start]")?.focus(), [challenge]);
  return (
    <section class="part" ref={part}>
      <h2>{t.confirmIt}</h2>
      <p class="hint">{t.confirmItHint}</p>
      {!user?.second_factor && session.needsFactor.value && <Notice kind="warn">{t.factorRequired}</Notice>}
      {expired && <Notice kind="info">{t.openAgain}</Notice>}
      <SmallForm
        key={challenge?.ChallengeName ?? ""}
        title={t.confirmIt}
        save={t.goOn}
        send={async (given) => {
          const secret = challenge ? given("own").replace(/\s/g, "") : given("own");
          if (!challenge) password.current = secret;
          const found = await session.signInForOwn(user?.id ?? "", secret, challenge).catch((error) => {
            const problem = asProblem(error);
            if (problem.code === "sign_in_too_slow") setChallenge(null);
            throw !challenge && problem.code === "sign_in_NotAuthorizedException"
              ? new Problem(problem.status, "sign_in_wrong_password")
              : problem;
          });
          if ("ChallengeName" in found) {
            setChallenge(found);
            return;
          }
          open({ tokens: found, password: password.current });
          // The record follows the user pool, also if an earlier change could not be recorded.
          if (Boolean(challenge) !== user?.second_factor) await record().catch(asProblem);
        }}
      >
        {(error) =>
          challenge ? (
            <CodeField name="own" label={t.code} start error={error} />
          ) : (
            <Password name="own" label={t.passwordOf(user?.email ?? user?.display_name ?? "")} start error={error} />
          )
        }
      </SmallForm>
    </section>
  );
}

/** Have the service ask the user pool whether there is a second factor. */
async function record(): Promise<void> {
  const found = await api.recordSecondFactor();
  entry("me", api.me).set(found);
  me.value = found;
}

function Opened({
  tokens,
  password,
  changed,
  expired,
}: Open & { changed: (password: string) => void; expired: () => void }) {
  const first = useRef<HTMLDivElement>(null);
  useEffect(() => first.current?.querySelector<HTMLElement>("button, input")?.focus(), []);
  /** An access token that has expired asks for the password again. */
  const during = async (what: () => Promise<unknown>): Promise<void> => {
    try {
      await what();
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code !== "sign_in_NotAuthorizedException") throw problem;
      expired();
    }
  };
  const loud = (what: () => Promise<unknown>) =>
    during(what).catch((error) => say(t.errorText(asProblem(error)), { kind: "bad" }));
  return (
    <div ref={first}>
      <Factor tokens={tokens} during={during} loud={loud} />
      <section class="part">
        <h2>{t.password}</h2>
        <SmallForm
          title={t.passwordChange}
          save={t.passwordChange}
          send={(given) =>
            during(async () => {
              const next = given("next");
              await own.changePassword(tokens, password, next);
              changed(next);
              say(t.passwordChanged);
            })
          }
        >
          {(error) => <Password name="next" label={t.newPassword} isNew error={error} />}
        </SmallForm>
      </section>
      <section class="part">
        <h2>{t.sessions}</h2>
        <p class="hint">{t.sessionsHint}</p>
        <div class="buttons start">
          <Button
            icon="leave"
            onClick={async () => {
              const answer = await ask({
                title: t.endSessionsTitle,
                consequences: [{ icon: "leave", text: t.endSessionsHint }],
                yes: t.endSessions,
                danger: true,
              });
              if (answer !== "yes") return;
              await loud(async () => {
                await own.endSessions(tokens);
                await session.signOut();
              });
            }}
          >
            {t.endSessions}
          </Button>
        </div>
      </section>
    </div>
  );
}

type During = (what: () => Promise<unknown>) => Promise<void>;

function Factor({ tokens, during, loud }: { tokens: session.Tokens; during: During; loud: During }) {
  const [secret, setSecret] = useState("");
  const user = me.value?.account;
  const on = Boolean(user?.second_factor);
  const name = user?.email ?? user?.display_name ?? "";
  const begin = () => loud(async () => setSecret(await own.newFactor(tokens)));
  const turnOff = async () => {
    const answer = await ask({
      title: t.factorOffTitle,
      consequences: [
        { icon: "warning", text: t.factorOffHint },
        { icon: "device", text: t.factorOffApp },
        { icon: "lock", text: t.factorOffRequired },
      ],
      yes: t.factorTurnOff,
      danger: true,
    });
    if (answer !== "yes") return;
    await loud(async () => {
      await own.preferFactor(tokens, false);
      await record();
      say(t.factorIsOff);
    });
  };
  return (
    <section class="part">
      <h2>{t.secondFactor}</h2>
      {!on && session.needsFactor.value && <Notice kind="warn">{t.factorRequired}</Notice>}
      <p>
        <Dot kind={on ? "ok" : "off"}>{on ? t.factorOn : t.factorOff}</Dot>
      </p>
      {secret ? (
        <NewFactor
          name={name}
          secret={secret}
          cancel={() => setSecret("")}
          confirm={(code) =>
            during(async () => {
              await own.confirmFactor(tokens, code);
              await record();
              session.needsFactor.value = false;
              setSecret("");
              say(t.factorIsOn);
            })
          }
        />
      ) : (
        <div class="buttons start">
          <Button kind={on ? "plain" : "primary"} onClick={() => void begin()}>
            {on ? t.factorReplace : t.factorSetUp}
          </Button>
          {on && (
            <Button class="danger-text" onClick={() => void turnOff()}>
              {t.factorTurnOff}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function NewFactor({
  name,
  secret,
  cancel,
  confirm,
}: {
  name: string;
  secret: string;
  cancel: () => void;
  confirm: (code: string) => Promise<void>;
}) {
  const { size, path } = useMemo(() => own.qrPath(own.otpauth(t.product, name, secret)), [secret]);
  const part = useRef<HTMLDivElement>(null);
  useEffect(() => part.current?.querySelector<HTMLElement>("[data-start]")?.focus(), []);
  return (
    <div ref={part}>
      <p>{t.factorScan}</p>
      <div class="factor">
        <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t.factorQr} shape-rendering="crispEdges">
          <path d={path} />
        </svg>
        <div>
          <p class="hint">{t.factorType}</p>
          <Copyable text={own.grouped(secret)} copy={secret} label={t.factorSecret} />
        </div>
      </div>
      <SmallForm
        title={t.secondFactor}
        save={t.factorTurnOn}
        send={(given) => confirm(given("code").replace(/\s/g, ""))}
        more={<Button onClick={cancel}>{t.cancel}</Button>}
      >
        {(error) => <CodeField name="code" label={t.factorConfirm} start error={error} />}
      </SmallForm>
    </div>
  );
}
