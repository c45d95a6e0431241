// The one form kit: values with a draft, errors beside their fields, a guard on leaving.
import { type Signal, signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import type { FieldError, Problem } from "../api/problem";
import * as t from "../messages.en";
import { goUnasked, guardLeaving } from "../route";
import { asProblem, me } from "../store";
import { Button, minuteText, Notice } from "./basics";
import { ask } from "./dialog";
import { readDraft, removeDraft, writeDraft } from "./draft";
import { Icon } from "./icon";

export type Values = Record<string, unknown>;

/** The state of a form. `initial` are the values without a draft. */
export class Form<V extends Values> {
  readonly values: Signal<V>;
  /** The errors by field. */
  readonly errors = signal<Readonly<Record<string, FieldError>>>({});
  readonly problem = signal<Problem | null>(null);
  readonly busy = signal(false);
  readonly draftAt = signal<number | null>(null);
  /** The fields that the user has changed or left. Only these show the errors of a preview. */
  readonly touched = new Set<string>();
  key: string;
  private readonly account = me.value?.account.id ?? "";

  constructor(
    readonly name: string,
    readonly initial: V,
  ) {
    const draft = readDraft<V>(this.account, name);
    this.values = signal(draft ? { ...initial, ...draft.values } : initial);
    this.draftAt.value = draft?.at ?? null;
    this.key = draft?.key ?? crypto.randomUUID();
    if (draft)
      for (const field of Object.keys(draft.values))
        if (this.values.value[field] !== initial[field]) this.touched.add(field);
  }

  set<K extends keyof V & string>(field: K, value: V[K]): void {
    this.values.value = { ...this.values.value, [field]: value };
    this.touched.add(field);
    this.clearError(field);
    const at = Date.now();
    this.draftAt.value = at;
    writeDraft(this.account, this.name, { values: this.values.value, key: this.key, at });
  }

  clearError(field: string): void {
    const { [field]: _, ...rest } = this.errors.value;
    this.errors.value = rest;
  }

  get dirty(): boolean {
    return this.draftAt.value !== null && JSON.stringify(this.values.value) !== JSON.stringify(this.initial);
  }

  discard(): void {
    removeDraft(this.account, this.name);
    this.values.value = this.initial;
    this.draftAt.value = null;
    this.errors.value = {};
    this.problem.value = null;
    this.touched.clear();
    this.key = crypto.randomUUID();
  }

  /** Show errors beside their fields. `only` the touched ones: those of a preview. */
  place(problem: Problem | null, only = false): void {
    const found: Record<string, FieldError> = {};
    for (const each of problem?.errors ?? []) {
      const field = (each.pointer ?? each.parameter ?? "").split("/").filter(Boolean)[0] ?? "";
      const shown = field in this.values.value && (!only || this.touched.has(field));
      if (shown) found[field] ??= each;
    }
    if (problem && problem.errors.length === 0 && problem.code === "name_exists" && "name" in this.values.value) {
      found.name = { code: "name_exists", ...problem.body } as FieldError;
    }
    if (found.name?.code === "name_exists") found.name = { ...found.name, customer_id: problem?.body.customer_id };
    // What was sent and rejected is marked until it is corrected, also by later previews.
    if (!only) for (const field of Object.keys(found)) this.touched.add(field);
    this.errors.value = found;
    if (!only) this.problem.value = problem && Object.keys(found).length === 0 ? problem : null;
  }

  async submit(send: (values: V, key: string) => Promise<unknown>): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    this.problem.value = null;
    try {
      await send(this.values.value, this.key);
      removeDraft(this.account, this.name);
      this.draftAt.value = null;
    } catch (error) {
      this.place(asProblem(error));
    } finally {
      this.busy.value = false;
    }
  }
}

export const useForm = <V extends Values>(name: string, initial: () => V): Form<V> =>
  useMemo(() => new Form(name, initial()), [name]);

interface FormPageProps<V extends Values> {
  form: Form<V>;
  title: string;
  save: string;
  send: (values: V, key: string) => Promise<unknown>;
  /** Where Cancel goes. */
  back: string;
  children: ComponentChildren;
  side?: ComponentChildren;
}

/** A page that is a form: Save and Cancel at the bottom edge, the preview at the side. */
export function FormPage<V extends Values>({ form, title, save, send, back, children, side }: FormPageProps<V>) {
  const node = useRef<HTMLFormElement>(null);
  useEffect(() => {
    document.title = `${title} · ${t.product}`;
  }, [title]);
  useEffect(() => guardLeaving({ dirty: () => form.dirty, ask: () => leave(form) }), [form]);

  const submit = async () => {
    await form.submit(send);
    requestAnimationFrame(() =>
      node.current?.querySelector<HTMLElement>('[aria-invalid="true"], .form-problem')?.focus(),
    );
  };
  const cancel = async () => {
    if (!form.dirty || (await leave(form))) goUnasked(back);
  };
  const count = Object.keys(form.errors.value).length;
  return (
    <form
      ref={node}
      class="form-page"
      noValidate
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          void submit();
        }
      }}
    >
      <div class="form-main">
        <header class="page-head">
          <h1>{title}</h1>
          {form.draftAt.value !== null && form.dirty && (
            <span class="side draft">{t.draftKept(minuteText(new Date(form.draftAt.value).toISOString()))}</span>
          )}
          <span class="grow" />
          {form.dirty && (
            <Button kind="quiet" onClick={() => form.discard()}>
              {t.startAgain}
            </Button>
          )}
        </header>
        <div class="fields">
          {children}
          {form.problem.value && (
            <div class="form-problem" tabIndex={-1}>
              <Notice kind="bad">{t.errorText(form.problem.value)}</Notice>
            </div>
          )}
        </div>
      </div>
      {side && (
        <aside class="form-side" aria-label={t.whatWillHappen}>
          {side}
        </aside>
      )}
      <footer class="form-foot">
        <Button type="submit" kind="primary" aria-busy={form.busy.value}>
          {save}
        </Button>
        <Button onClick={() => void cancel()}>{t.cancel}</Button>
        <span class="grow" />
        {count > 0 && <span class="side bad-text">{t.toCorrect(count)}</span>}
        <span class="side wide">{t.saveWith}</span>
      </footer>
    </form>
  );
}

async function leave<V extends Values>(form: Form<V>): Promise<boolean> {
  const answer = await ask({
    title: t.leaveTitle,
    consequences: [
      { icon: "edit", text: t.leaveKept },
      { icon: "info", text: t.leaveDiscard },
    ],
    yes: t.leaveYes,
    other: t.leaveOther,
    no: t.leaveNo,
  });
  if (answer === "other") form.discard();
  return answer !== "no";
}

// ---------------------------------------------------------------- fields

export interface FieldProps<V extends Values, K extends keyof V & string> {
  form: Form<V>;
  name: K;
  label: string;
  hint?: ComponentChildren;
}

/** The ids that tie a control to its label, hint and error. */
export interface Control {
  id: string;
  "aria-describedby": string;
  "aria-invalid": "true" | undefined;
}

export function Field<V extends Values, K extends keyof V & string>({
  form,
  name,
  label,
  hint,
  optional,
  children,
}: FieldProps<V, K> & { optional?: boolean; children: (control: Control) => ComponentChildren }) {
  const error = form.errors.value[name];
  return (
    <div class="field" data-field={name}>
      <label for={`f-${name}`} id={`l-${name}`}>
        {label} {optional && <span class="optional">{t.optional}</span>}
      </label>
      {children({ id: `f-${name}`, "aria-describedby": `e-${name}`, "aria-invalid": error ? "true" : undefined })}
      <FieldMessage name={name} error={error} hint={hint} />
    </div>
  );
}

export function FieldMessage({
  name,
  error,
  hint,
}: {
  name: string;
  error: FieldError | undefined;
  hint?: ComponentChildren;
}) {
  const existing = error?.customer_id;
  return (
    <p id={`e-${name}`} class={error ? "error" : "hint"}>
      {error ? (
        <>
          <Icon name="error" /> {t.fieldErrorText(error, name)}{" "}
          {typeof existing === "string" && existing && <a href={`#/customer/${existing}`}>{t.openExisting}</a>}
        </>
      ) : (
        hint
      )}
    </p>
  );
}

type TextProps<V extends Values, K extends keyof V & string> = FieldProps<V, K> & {
  input?: JSX.IntrinsicElements["input"];
  /** Several lines. */
  long?: boolean;
  optional?: boolean;
};

export function TextField<V extends Values, K extends keyof V & string>({ input, long, ...props }: TextProps<V, K>) {
  const { form, name } = props;
  const Input = (long ? "textarea" : "input") as "input"; // the attributes that are given here are those of both
  return (
    <Field {...props}>
      {(control) => (
        <Input
          {...control}
          name={name}
          class="input"
          autocomplete="off"
          {...input}
          value={String(form.values.value[name] ?? "")}
          onInput={(event) => form.set(name, event.currentTarget.value as V[K])}
        />
      )}
    </Field>
  );
}

/** A field that the system sets: grey, with a lock, and why. */
export function LockedField({
  name,
  label,
  value,
  hint,
}: {
  name: string;
  label: string;
  value: ComponentChildren;
  hint?: ComponentChildren;
}) {
  return (
    <div class="field" data-field={name}>
      <span class="label" id={`l-${name}`}>
        {label}
      </span>
      <div
        id={`f-${name}`}
        class="input locked"
        role="textbox"
        aria-readonly="true"
        aria-disabled="true"
        aria-labelledby={`l-${name}`}
        aria-describedby={`e-${name}`}
        tabIndex={0}
      >
        <span>{value}</span>
        <Icon name="lock" />
      </div>
      <p id={`e-${name}`} class="hint">
        {hint}
      </p>
    </div>
  );
}

export interface Choice {
  value: string;
  title: string;
  hint?: string;
}

/** One of a few choices, each with its consequence, as radio buttons; or several, as checkboxes. */
export function Choices<V extends Values, K extends keyof V & string>({
  form,
  name,
  label,
  hint,
  choices,
  several,
}: FieldProps<V, K> & { choices: readonly Choice[]; several?: boolean }) {
  const error = form.errors.value[name];
  const given = form.values.value[name];
  const chosen = several ? ((given as string[] | undefined) ?? []) : [String(given ?? "")];
  const first = chosen.length && !several ? choices.find((each) => chosen.includes(each.value)) : undefined;
  return (
    <fieldset
      class="field choices"
      data-field={name}
      aria-describedby={`e-${name}`}
      aria-invalid={error ? "true" : undefined}
      tabIndex={-1}
    >
      <legend>{label}</legend>
      <div class="cards">
        {choices.map((each) => {
          const on = chosen.includes(each.value);
          return (
            <label key={each.value} class={`card ${on ? "on" : ""}`}>
              <input
                type={several ? "checkbox" : "radio"}
                name={name}
                value={each.value}
                aria-labelledby={`${name}-${each.value}`}
                aria-describedby={`${name}-${each.value}-hint`}
                checked={on}
                tabIndex={several || on || (!first && each === choices[0]) ? 0 : -1}
                onChange={() =>
                  form.set(
                    name,
                    (several
                      ? on
                        ? chosen.filter((value) => value !== each.value)
                        : [...chosen, each.value]
                      : each.value) as V[K],
                  )
                }
              />
              <span>
                <span class="card-title" id={`${name}-${each.value}`}>
                  {each.title}
                </span>
                <span class="card-hint" id={`${name}-${each.value}-hint`}>
                  {each.hint}
                </span>
              </span>
            </label>
          );
        })}
      </div>
      <FieldMessage name={name} error={error} hint={hint} />
    </fieldset>
  );
}

export function CheckField<V extends Values, K extends keyof V & string>({
  form,
  name,
  label,
  hint,
}: FieldProps<V, K>) {
  const id = useId();
  const on = Boolean(form.values.value[name]);
  const error = form.errors.value[name];
  return (
    <div class="field" data-field={name}>
      <label class={`card ${on ? "on" : ""}`} for={id}>
        <input
          id={id}
          type="checkbox"
          name={name}
          checked={on}
          aria-labelledby={`l-${name}`}
          aria-describedby={`h-${name} e-${name}`}
          onChange={() => form.set(name, !on as V[K])}
        />
        <span>
          <span class="card-title" id={`l-${name}`}>
            {label}
          </span>
          <span class="card-hint" id={`h-${name}`}>
            {hint}
          </span>
        </span>
      </label>
      <FieldMessage name={name} error={error} />
    </div>
  );
}
