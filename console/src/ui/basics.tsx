// Small parts: buttons, dates, states, notices, skeletons, copyable text.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import type { Customer } from "../api/types";
import * as t from "../messages.en";
import { Icon, type IconName } from "./icon";

interface ButtonProps extends Omit<JSX.IntrinsicElements["button"], "icon"> {
  kind?: "primary" | "danger" | "quiet" | "plain";
  icon?: IconName;
  /** Show the icon only. The text is the button's name. */
  bare?: boolean;
}

export function Button({ kind = "plain", icon, bare, children, class: of = "", ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} class={`button ${kind} ${bare ? "bare" : ""} ${of}`}>
      {icon && <Icon name={icon} />}
      {children && <span class={bare ? "sr" : ""}>{children}</span>}
    </button>
  );
}

export function LinkButton({
  href,
  kind = "plain",
  icon,
  children,
}: {
  href: string;
  kind?: "primary" | "plain";
  icon?: IconName;
  children: ComponentChildren;
}) {
  return (
    <a class={`button ${kind}`} href={href}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  );
}

// ---------------------------------------------------------------- dates, in UTC as the service counts

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});
export const dayText = (text: string): string => day.format(new Date(text));
export const minuteText = (text: string): string => `${minute.format(new Date(text))} UTC`;

/** A date in one line. The exact moment is its tooltip. */
export function When({ at, time }: { at: string; time?: boolean }) {
  return (
    <time datetime={at} title={`${exact.format(new Date(at))} UTC`}>
      {time ? minuteText(at) : dayText(at)}
    </time>
  );
}

// ---------------------------------------------------------------- states: a dot and a word

export function Dot({ kind, children }: { kind: "ok" | "warn" | "bad" | "ring" | "off"; children: ComponentChildren }) {
  return (
    <span class="state">
      <span class={`dot ${kind}`} />
      {children}
    </span>
  );
}

export function leftText(days: number): ComponentChildren {
  return <span class={`left ${days < 1 ? "bad" : days <= 3 ? "warn" : ""}`}>{t.daysLeft(days)}</span>;
}

/** The state of a customer: archived, in trial, in production. Companies have none but archived. */
export function State({
  of,
  days = true,
}: {
  of: Pick<Customer, "archive" | "state" | "trial" | "level">;
  days?: boolean;
}) {
  if (of.archive) return <Dot kind="off">{t.archivedUntil(dayText(of.archive.removed_at))}</Dot>;
  if (of.level !== "end_customer" && of.level !== "site") return null;
  if (of.state === "in_production") return <Dot kind="ok">{t.states.in_production}</Dot>;
  return (
    <Dot kind="ring">
      {t.states.in_trial} {days && of.trial && leftText(of.trial.days_left)}
    </Dot>
  );
}

// ---------------------------------------------------------------- notices and errors

export function Notice({
  kind,
  children,
  action,
}: {
  kind: "warn" | "bad" | "info";
  children: ComponentChildren;
  action?: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : "note"}>
      <Icon name={kind === "bad" ? "error" : kind === "warn" ? "warning" : "info"} />
      <div>{children}</div>
      {action}
    </div>
  );
}

export function Failed({ problem, again, since }: { problem: Problem; again: () => void; since?: number | undefined }) {
  return (
    <Notice
      kind="bad"
      action={
        <button type="button" class="link" onClick={again}>
          {t.tryAgain}
        </button>
      }
    >
      <strong>{t.failed}</strong> {t.errorText(problem)}{" "}
      {since !== undefined && t.shownSince(minuteText(new Date(since).toISOString()))}
    </Notice>
  );
}

export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** Grey bars in the place of what is not here yet, after 150 ms. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="sr">{t.loading}</span>
      {Array.from({ length: lines }, (_, at) => (
        <span key={at} class={`bar w${at % 4}`} />
      ))}
    </div>
  );
}

/** A value with a button that copies it, or `copy` if it is shown differently. */
export function Copyable({
  text,
  label,
  short,
  copy = text,
}: {
  text: string;
  label: string;
  short?: boolean;
  copy?: string;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <span class="copyable">
      <code title={text}>{short ? `${text.slice(0, 12)}…${text.slice(-4)}` : text}</code>
      <Button
        kind="quiet"
        bare
        icon={copied ? "check" : "copy"}
        onClick={() => void navigator.clipboard?.writeText(copy).then(() => setCopied(true))}
      >
        {copied ? t.copied : t.copy(label)}
      </Button>
    </span>
  );
}
