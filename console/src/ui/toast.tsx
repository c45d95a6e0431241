// Short messages at the bottom. One with an Undo stays until it is closed or replaced.
import { signal } from "@preact/signals";
import * as t from "../messages.en";
import { Icon } from "./icon";

interface Toast {
  id: number;
  text: string;
  kind: "ok" | "bad";
  undo?: () => void;
}
const toast = signal<Toast | null>(null);
let count = 0;

export function say(text: string, { undo, kind = "ok" }: { undo?: () => void; kind?: "ok" | "bad" } = {}): void {
  const id = ++count;
  toast.value = { id, text, kind, ...(undo ? { undo } : {}) };
  if (!undo) setTimeout(() => toast.value?.id === id && close(), kind === "bad" ? 12_000 : 6_000);
}
const close = () => {
  toast.value = null;
};

export function Toasts() {
  const now = toast.value;
  return (
    <div class="toasts" role="status" aria-live="polite">
      {now && (
        <div class="toast" key={now.id}>
          <Icon name={now.kind === "ok" ? "check" : "error"} />
          <p>{now.text}</p>
          {now.undo && (
            <button
              type="button"
              onClick={() => {
                close();
                now.undo?.();
              }}
            >
              {t.undo}
            </button>
          )}
          <button type="button" aria-label={t.close} onClick={close}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}
