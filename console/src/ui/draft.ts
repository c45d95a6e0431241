// Drafts: what was typed into a form and is not saved. They are in this tab's sessionStorage, under the account, so
// they survive a reload, another page and the end of a session, and are gone with the tab or with signing out.

export interface Draft<V> {
  values: V;
  /** The idempotency key of the form: one however often it is sent, so nothing is added twice. */
  key: string;
  /** When something was typed last, in milliseconds. */
  at: number;
}

const name = (account: string, form: string) => `draft ${account} ${form}`;

export function readDraft<V>(account: string, form: string): Draft<V> | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(name(account, form)) ?? "null");
    return found && typeof found.key === "string" && typeof found.at === "number" && found.values ? found : null;
  } catch {
    return null;
  }
}

export const writeDraft = <V>(account: string, form: string, draft: Draft<V>): void =>
  sessionStorage.setItem(name(account, form), JSON.stringify(draft));

export const removeDraft = (account: string, form: string): void => sessionStorage.removeItem(name(account, form));
