// The credentials of a machine: two at most, each with a secret that is shown once.
import { useEffect, useState } from "preact/hooks";
import * as api from "../api/client";
import type { Account, Credential } from "../api/types";
import * as t from "../messages.en";
import { entry, useEntry } from "../store";
import { Button, Copyable, dayText, Failed, Skeleton, When } from "../ui/basics";
import { ask, reveal } from "../ui/dialog";
import { Form, TextField } from "../ui/form";
import { say } from "../ui/toast";
import { Actor, attempt } from "./parts";

const MOST = 2;

/** Show a secret of a machine, or say that it was shown before. */
export function revealCredential(
  name: string,
  found: { client_id: string; client_secret: string | null } | null,
): void {
  if (!found?.client_secret) {
    say(t.secretGone, { kind: "bad" });
    return;
  }
  reveal({
    title: t.credentialOf(name),
    hint: t.credentialOnceHint,
    values: [
      { label: t.clientId, text: found.client_id },
      { label: t.clientSecret, text: found.client_secret },
    ],
  });
}

export function Credentials({ of, changes }: { of: Account; changes: boolean }) {
  const list = entry(`credentials/${of.id}`, () => api.credentials(of.id));
  const { data, error } = useEntry(list);
  const [form, setForm] = useState<Form<{ expires_at: string }> | null>(null);
  useEffect(() => {
    if (form) document.getElementById("f-expires_at")?.focus();
  }, [form]);
  useEffect(() => {
    if (list.state.peek().data) void list.load(); // known from an earlier visit: the last use may be newer
  }, [list]);
  if (error && !data) return <Failed problem={error} again={() => void list.load()} />;
  if (!data) return <Skeleton />;
  const all = data.credentials;
  const full = all.length >= MOST;
  return (
    <section class="part">
      <header>
        <h2>{t.credentials}</h2>
        <span class="side">{t.ofTwo(all.length)}</span>
      </header>
      {all.length === 0 ? (
        <p class="hint">{t.noCredentials}</p>
      ) : (
        <div class="mini-scroll" tabIndex={0} role="region" aria-label={t.credentials}>
          <table class="mini">
            <thead>
              <tr>
                <th scope="col">{t.clientId}</th>
                <th scope="col">{t.heads.added}</th>
                <th scope="col">{t.lastUsed}</th>
                <th scope="col">{t.expires}</th>
                <th scope="col">
                  <span class="sr">{t.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {all.map((each) => (
                <tr key={each.id}>
                  <td>
                    <Copyable text={each.client_id} label={t.clientId} short />
                  </td>
                  <td>
                    <When at={each.created_at} /> · <Actor id={each.created_by} />
                  </td>
                  <td>{each.last_used_on ? dayText(each.last_used_on) : t.never}</td>
                  <td>{each.expires_at ? <When at={each.expires_at} /> : t.never}</td>
                  <td>
                    {changes && (
                      <Button class="small danger-text" onClick={() => void revoke(of, each, () => void list.load())}>
                        {t.revoke}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="hint">{full ? t.twoAtMost : t.rotateHint}</p>
      {changes &&
        !full &&
        (form ? (
          <form
            aria-label={t.addCredential}
            noValidate
            onSubmit={async (event) => {
              event.preventDefault();
              await form.submit(async ({ expires_at: day }, key) => {
                const made = await api.addCredential(of.id, day ? `${day}T00:00:00Z` : null, key);
                form.discard();
                setForm(null);
                await list.load();
                revealCredential(of.display_name, made);
              });
            }}
          >
            <TextField
              form={form}
              name="expires_at"
              label={t.expiresOn}
              hint={t.expiresHint}
              input={{
                type: "date",
                min: new Date(Date.now() + 86_400_000).toISOString().slice(0, 10),
              }}
            />
            {form.problem.value && (
              <p class="error" role="alert">
                {t.errorText(form.problem.value)}
              </p>
            )}
            <div class="buttons start">
              <Button type="submit" kind="primary" aria-busy={form.busy.value}>
                {t.addCredential}
              </Button>
              <Button
                onClick={() => {
                  form.discard();
                  setForm(null);
                  requestAnimationFrame(() => document.getElementById("add-credential")?.focus());
                }}
              >
                {t.cancel}
              </Button>
            </div>
          </form>
        ) : (
          <div class="buttons start">
            <Button
              icon="add"
              id="add-credential"
              onClick={() => setForm(new Form(`credential ${of.id}`, { expires_at: "" }))}
            >
              {t.addCredential}
            </Button>
          </div>
        ))}
    </section>
  );
}

async function revoke(of: Account, credential: Credential, done: () => void): Promise<void> {
  const answer = await ask({
    title: t.revokeTitle(of.display_name),
    consequences: [
      { icon: "lock", text: t.revokeAtOnce(credential.client_id) },
      {
        icon: "clock",
        text: credential.last_used_on ? t.revokeUsed(dayText(credential.last_used_on)) : t.revokeUnused,
      },
    ],
    yes: t.revoke,
    danger: true,
  });
  if (answer !== "yes") return;
  await attempt(async () => {
    await api.revokeCredential(of.id, credential.id);
    done();
    say(t.revoked);
  });
}
