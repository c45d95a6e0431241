// The levels as the console shows them. What may be added below which is the API's rule: see the options route.
import type { Customer, Level, LevelOption } from "./api/types";
import * as t from "./messages.en";

export const levelName = (level: string): string => t.word(t.levels, level);
export const serviceName = (type: string | null): string | null => (type ? t.word(t.services, type) : null);

/** Whether the tree can have customers below this level. The API decides which. */
export const canHold = (level: Level): boolean => level !== "site";

/** Whether devices can be added, not only test devices. */
export const canHaveDevices = (level: Level): boolean => ["reseller", "end_customer", "site"].includes(level);

/** The button that adds below a customer, in the words of what can be added. */
export const addText = ({ level }: Pick<Customer, "level">): string =>
  level === "reseller" ? t.addEndCustomer : level === "end_customer" ? t.addSite : t.addCustomer;

export const ruleOf = (option: LevelOption | undefined, field: string) => option?.fields[field]?.rule ?? "refused";
