// Signing in: a page at the beginning, a dialog over the page when the session ends during work.
import { signal } from "@preact/signals";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import * as t from "../messages.en";
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
        <h1>{t.signIn}</h1>
        <p class={notice === "not_revoked" ? "warn-text" : ""} role="status">
          {notice ? t.signedOut[notice] : t.signInHint}
        </p>
        <SignInForm />
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
      <h2 id={id}>{t.sessionEnded}</h2>
      <p>{t.sessionEndedHint}</p>
      <SignInForm user={other.value || !own ? undefined : { id: own.id, name: own.email ?? own.display_name }} dialog />
    </Modal>
  );
}

function SignInForm({ user, dialog }: { user?: { id: string; name: string } | undefined; dialog?: boolean }) {
  const [challenge, setChallenge] = useState<session.Challenge | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const own = challenge?.ChallengeName === "NEW_PASSWORD_REQUIRED";
  useEffect(() => form.current?.querySelector<HTMLElement>("[data-start]")?.focus(), [challenge, user?.id]);

  const submit = async () => {
    const given = new FormData(form.current ?? undefined);
    const secret = String(given.get("secret") ?? "");
    setBusy(true);
    setProblem(null);
    try {
      setChallenge(await session.signIn(user?.id ?? String(given.get("user") ?? ""), secret, challenge));
    } catch (error) {
      setProblem(asProblem(error));
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[name="secret"]')?.focus());
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {!challenge && !user && (
        <div class="field">
          <label for="sign-in-user">{t.email}</label>
          <input
            id="sign-in-user"
            data-start
            name="user"
            class="input"
            autocomplete="username"
            required
            aria-describedby="sign-in-error"
          />
        </div>
      )}
      {challenge && !own ? (
        <div class="field">
          <label for="sign-in-secret">{t.code}</label>
          <input
            id="sign-in-secret"
            data-start
            name="secret"
            class="input"
            autocomplete="one-time-code"
            inputmode="numeric"
            required
            aria-describedby="sign-in-error"
          />
        </div>
      ) : (
        <Password
          key={challenge?.ChallengeName ?? ""}
          label={own ? t.ownPassword : user ? t.passwordOf(user.name) : t.password}
          start={own || Boolean(user)}
          isNew={own}
        />
      )}
      <p id="sign-in-error" class="error" role="alert">
        {problem && (
          <>
            <Icon name="error" /> {t.errorText(problem)}
          </>
        )}
      </p>
      <div class="buttons">
        {dialog && user && (
          <Button
            kind="quiet"
            onClick={() => {
              other.value = true;
            }}
          >
            {t.anotherAccount}
          </Button>
        )}
        {dialog && (
          <Button kind="quiet" onClick={session.notNow}>
            {t.notNow}
          </Button>
        )}
        <Button type="submit" kind="primary" aria-busy={busy}>
          {dialog ? t.signInAndGoOn : t.signIn}
        </Button>
      </div>
    </form>
  );
}

function Password({ label, start, isNew }: { label: string; start: boolean; isNew: boolean }) {
  const [shown, setShown] = useState(false);
  return (
    <div class="field">
      <label for="sign-in-secret">{label}</label>
      <div class="password">
        <input
          id="sign-in-secret"
          name="secret"
          class="input"
          {...({ type: shown ? "text" : "password" } as { type: "password" })}
          required
          {...(start ? { "data-start": true } : {})}
          autocomplete={isNew ? "new-password" : "current-password"}
          aria-describedby="sign-in-error"
        />
        <Button kind="quiet" bare icon={shown ? "hide" : "show"} aria-pressed={shown} onClick={() => setShown(!shown)}>
          {t.showCharacters}
        </Button>
      </div>
      {isNew && <p class="hint">{t.passwordRules}</p>}
    </div>
  );
}
