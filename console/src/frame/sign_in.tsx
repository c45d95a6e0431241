// Signing in: a page at the beginning, a dialog over the page when the session ends during work.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import * as t from "../messages.en";
import { passwordRules } from "../own_sign_in";
import * as session from "../session";
import { asProblem, me } from "../store";
import { Button } from "../ui/basics";
import { Modal } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Mark } from "./mark";

export function SignInPage() {
  const notice = session.notice.value;
  useEffect(() => {
    document.title = `${t.signIn} · ${t.product}`;
  }, []);
  return (
    <main id="main" class="sign-in" tabIndex={-1}>
      <p class="brand">
        <Mark /> {t.product}
      </p>
      <div class="sign-in-card">
        <SignInForm
          head={
            <>
              <h1>{t.signIn}</h1>
              <p class={notice === "not_revoked" ? "warn-text" : ""} role="status">
                {notice ? t.signedOut[notice] : t.signInHint}
              </p>
            </>
          }
        />
        <p class="hint">{t.sharedSession}</p>
      </div>
    </main>
  );
}

const other = signal(false);

export function SignInDialog() {
  const id = useId();
  const own = me.value?.account;
  return (
    <Modal label={id} class="sign-in-dialog" onClose={session.notNow}>
      <SignInForm
        id={id}
        user={other.value || !own ? undefined : { id: own.id, name: own.email ?? own.display_name }}
        head={
          <>
            <h2 id={id}>{t.sessionEnded}</h2>
            <p>{t.sessionEndedHint}</p>
          </>
        }
      />
    </Modal>
  );
}

/** `password`: e-mail address and password. `forgotten`: ask for a code by mail. `reset`: the code and a new password. */
type Step = "password" | "forgotten" | "reset";

interface SignInProps {
  head: ComponentChildren;
  user?: { id: string; name: string } | undefined;
  /** The id of the dialog's heading. Without it, this is a page. */
  id?: string;
}

function SignInForm({ head, user, id }: SignInProps) {
  const [step, setStep] = useState<Step>("password");
  const [challenge, setChallenge] = useState<session.Challenge | null>(null);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [sentAgain, setSentAgain] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const own = challenge?.ChallengeName === "NEW_PASSWORD_REQUIRED";
  const Heading = id ? "h2" : "h1";
  useEffect(() => form.current?.querySelector<HTMLElement>("[data-start]")?.focus(), [challenge, step, user?.id]);

  const to = (next: Step) => {
    setProblem(null);
    setStep(next);
  };
  const act = async (what: (given: (field: string) => string) => Promise<void>) => {
    const data = new FormData(form.current ?? undefined);
    setBusy(true);
    setProblem(null);
    try {
      await what((field) => String(data.get(field) ?? "").trim());
    } catch (error) {
      const found = asProblem(error);
      if (found.code === "sign_in_too_slow") setChallenge(null);
      setProblem(found);
      const wrong = step === "reset" && found.code !== "sign_in_InvalidPasswordException" ? "code" : "secret";
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>(`[name="${wrong}"]`)?.focus());
    } finally {
      setBusy(false);
    }
  };
  const submit = () =>
    act(async (given) => {
      const who = user?.id ?? (given("user") || name);
      const secret = String(new FormData(form.current ?? undefined).get("secret") ?? "");
      setName(who);
      if (step === "forgotten") {
        await session.sendResetCode(who);
        to("reset");
      } else if (step === "reset" && !challenge) {
        await session.resetPassword(who, given("code").replace(/\s/g, ""), secret);
        setStep("password");
        setChallenge(await session.signIn(who, secret, null));
      } else {
        setChallenge(await session.signIn(who, challenge && !own ? secret.replace(/\s/g, "") : secret, challenge));
      }
    });

  const code = challenge && !own;
  const back = (
    <button
      type="button"
      class="link"
      onClick={() => {
        setChallenge(null);
        to("password");
      }}
    >
      {t.backToSignIn}
    </button>
  );
  const title = own ? t.ownPasswordTitle : code ? t.codeTitle : t.forgottenTitles[step];
  return (
    <>
      {challenge || step !== "password" ? (
        <>
          {back}
          <Heading id={id}>{title}</Heading>
          <p role="status">
            {own
              ? t.ownPasswordHint
              : code
                ? t.codeHint
                : sentAgain
                  ? t.codeSent
                  : t.forgottenHints[step](user?.name ?? name)}
          </p>
        </>
      ) : (
        head
      )}
      <form
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {!challenge && !user && step !== "reset" && (
          <div class="field">
            <label for="sign-in-user">{t.email}</label>
            <input
              id="sign-in-user"
              data-start
              name="user"
              class="input"
              autocomplete="username"
              defaultValue={name}
              required
              aria-describedby="sign-in-error"
            />
          </div>
        )}
        {step === "reset" && !challenge && <CodeField name="code" label={t.mailCode} start />}
        {step === "reset" && !challenge && (
          <p class="hint">
            {t.noMail}{" "}
            <button
              type="button"
              class="link"
              onClick={() =>
                void act(async () => {
                  await session.sendResetCode(name);
                  setSentAgain(true);
                })
              }
            >
              {t.sendAnother}
            </button>
          </p>
        )}
        {code ? (
          <CodeField name="secret" label={t.code} start />
        ) : (
          (step !== "forgotten" || challenge) && (
            <Password
              key={challenge?.ChallengeName ?? step}
              label={own || step === "reset" ? t.newPassword : user ? t.passwordOf(user.name) : t.password}
              start={own || (Boolean(user) && step === "password")}
              isNew={own || step === "reset"}
            >
              {!challenge && step === "password" && (
                <button type="button" class="link forgotten" onClick={() => to("forgotten")}>
                  {t.forgotten}
                </button>
              )}
            </Password>
          )
        )}
        <SignInError problem={problem} />
        <div class="buttons">
          {id && user && (
            <Button
              kind="quiet"
              onClick={() => {
                other.value = true;
              }}
            >
              {t.anotherAccount}
            </Button>
          )}
          {id && (
            <Button kind="quiet" onClick={session.notNow}>
              {t.notNow}
            </Button>
          )}
          <Button
            type="submit"
            kind="primary"
            aria-busy={busy}
            data-start={step === "forgotten" && user ? true : undefined}
          >
            {step === "forgotten"
              ? t.sendCode
              : step === "reset" && !code
                ? t.saveAndSignIn
                : id
                  ? t.signInAndGoOn
                  : t.signIn}
          </Button>
        </div>
      </form>
    </>
  );
}

const ERROR = "sign-in-error";

/** The error below the fields. */
export const SignInError = ({ id = ERROR, problem }: { id?: string; problem: Problem | null }) => (
  <p id={id} class="error sign-in-error" role="alert">
    {problem && (
      <>
        <Icon name="error" /> {t.errorText(problem)}
      </>
    )}
  </p>
);

/** A code of six digits, from an authenticator app or a mail. */
export function CodeField({
  name,
  label,
  start,
  error = ERROR,
}: {
  name: string;
  label: string;
  start?: boolean;
  error?: string;
}) {
  return (
    <div class="field">
      <label for={`sign-in-${name}`}>{label}</label>
      <input
        id={`sign-in-${name}`}
        name={name}
        class="input code"
        {...(start ? { "data-start": true } : {})}
        autocomplete="one-time-code"
        inputmode="numeric"
        pattern="\s*(\d\s*){6}"
        title={t.sixDigits}
        required
        aria-describedby={error}
      />
    </div>
  );
}

export function Password({
  label,
  start,
  isNew,
  name = "secret",
  error = ERROR,
  children,
}: {
  label: string;
  start?: boolean;
  isNew?: boolean;
  name?: string;
  error?: string;
  children?: ComponentChildren;
}) {
  const [shown, setShown] = useState(false);
  const [typed, setTyped] = useState("");
  const met = passwordRules(typed);
  const id = `sign-in-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="password">
        <input
          id={id}
          name={name}
          class="input"
          {...({ type: shown ? "text" : "password" } as { type: "password" })}
          required
          {...(start ? { "data-start": true } : {})}
          autocomplete={isNew ? "new-password" : "current-password"}
          aria-describedby={isNew ? `${id}-rules ${error}` : error}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <Button kind="quiet" bare icon={shown ? "hide" : "show"} aria-pressed={shown} onClick={() => setShown(!shown)}>
          {t.showCharacters}
        </Button>
      </div>
      {isNew && (
        <ul class="rules" id={`${id}-rules`}>
          {(["length", "cases", "digit"] as const).map((each) => (
            <li key={each} class={met[each] ? "met" : ""}>
              {met[each] ? <Icon name="check" /> : <span class="dot off" />}
              {t.passwordRules[each]}
              <span class="sr">{met[each] ? t.ruleMet : t.ruleNotMet}</span>
            </li>
          ))}
        </ul>
      )}
      {children}
    </div>
  );
}
