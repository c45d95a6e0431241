// The one dialog: a question with its consequences. Cancel has the focus, or the field of a text to enter.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import * as t from "../messages.en";
import { asProblem } from "../store";
import { Button, Copyable, Notice } from "./basics";
import { Icon, type IconName } from "./icon";

export interface Question {
  title: string;
  consequences: { icon: IconName; text: ComponentChildren }[];
  /** The button that does it. */
  yes: string;
  danger?: boolean;
  /** The user types this text before the button works. */
  type?: { label: string; text: string };
  /** The user enters a text, and the button sends it. If that fails, the dialog says why and keeps the text. */
  enter?: { label: string; value?: string; max: number; long?: boolean; send: (text: string) => Promise<void> };
  /** A second way on, such as discarding a draft. */
  other?: string;
  no?: string;
}
export type Answer = "yes" | "other" | "no";

const asked = signal<{ question: Question; done: (answer: Answer) => void } | null>(null);

export function ask(question: Question): Promise<Answer> {
  asked.value?.done("no");
  return new Promise((done) => {
    asked.value = { question, done };
  });
}

/** A modal dialog. Escape closes it, and the focus goes back to where it was. */
export function Modal({
  label,
  onClose,
  class: of = "",
  children,
}: {
  label: string;
  onClose: () => void;
  class?: string;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const shown = dialog.current;
    shown?.showModal();
    shown?.querySelector<HTMLElement>("[data-focus]")?.focus();
    return () => {
      shown?.close();
      if (before?.isConnected) before.focus();
      else document.getElementById("main")?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={of}
      aria-labelledby={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      {children}
    </dialog>
  );
}

/** A secret that one response contained. It is in this dialog only, and stored nowhere. */
export interface Secret {
  title: string;
  hint: string;
  values: { label: string; text: string }[];
}
const shown = signal<Secret | null>(null);
export const reveal = (secret: Secret): void => {
  shown.value = secret;
};

export function Dialogs() {
  const now = asked.value;
  return (
    <>
      {now && <Ask key={now.question.title} {...now} />}
      {shown.value && <Reveal {...shown.value} />}
    </>
  );
}

function Reveal({ title, hint, values }: Secret) {
  const id = useId();
  return (
    <Modal
      label={id}
      onClose={() => {
        shown.value = null;
      }}
    >
      <h2 id={id}>{title}</h2>
      <Notice kind="warn">
        <strong>{t.shownOnce}</strong> {hint}
      </Notice>
      <dl class="secret-values">
        {values.map(({ label, text }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <Copyable text={text} label={label} />
            </dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        <Button
          kind="primary"
          data-focus
          onClick={() => {
            shown.value = null;
          }}
        >
          {t.haveCopied}
        </Button>
      </div>
    </Modal>
  );
}

function Ask({ question, done }: { question: Question; done: (answer: Answer) => void }) {
  const title = useId();
  const field = useId();
  const { type, enter } = question;
  const [typed, setTyped] = useState(enter?.value ?? "");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const answer = (given: Answer) => {
    asked.value = null;
    done(given);
  };
  const off = busy || (type ? typed.trim() !== type.text.trim() : enter ? !typed.trim() : false);
  const submit = async () => {
    if (off) return;
    setBusy(true);
    try {
      await enter?.send(typed.trim());
      answer("yes");
    } catch (error) {
      setBusy(false);
      setProblem(asProblem(error));
    }
  };
  const Input = (enter?.long ? "textarea" : "input") as "input";
  return (
    <Modal label={title} onClose={() => busy || answer("no")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h2 id={title}>{question.title}</h2>
        <ul class="consequences" hidden={question.consequences.length === 0}>
          {question.consequences.map((each, at) => (
            <li key={at}>
              <Icon name={each.icon} />
              <span>{each.text}</span>
            </li>
          ))}
        </ul>
        {(type ?? enter) && (
          <div class="field">
            <label for={field}>{(type ?? enter)?.label}</label>
            <Input
              id={field}
              class="input"
              data-focus={enter && ""}
              autocomplete="off"
              placeholder={type?.text}
              maxLength={enter?.max}
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </div>
        )}
        {problem && <Notice kind="bad">{t.errorText(problem)}</Notice>}
        <div class="buttons">
          <Button data-focus={enter ? undefined : ""} disabled={busy} onClick={() => answer("no")}>
            {question.no ?? t.cancel}
          </Button>
          {question.other && <Button onClick={() => answer("other")}>{question.other}</Button>}
          <Button type="submit" kind={question.danger ? "danger" : "primary"} disabled={off}>
            {question.yes}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
