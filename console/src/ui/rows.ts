// What a table does with its rows before it draws them: find, filter, sort.

export type Value = string | number | null;
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Compare two values. What is missing comes last in both directions. */
export function compare(a: Value, b: Value, direction: 1 | -1): number {
  if (a === null || a === "") return b === null || b === "" ? 0 : 1;
  if (b === null || b === "") return -1;
  return direction * (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b)));
}

/** Text without case and accents, so that `muller` finds Müller. */
export const fold = (text: string): string =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();

export interface Sort {
  name: string;
  direction: 1 | -1;
}
/** `name` sorts up, `-name` down. */
export const parseSort = (text: string | undefined): Sort | null =>
  text ? { name: text.replace(/^-/, ""), direction: text.startsWith("-") ? -1 : 1 } : null;
export const sortText = ({ name, direction }: Sort): string => (direction === 1 ? name : `-${name}`);

/** Move a name one place up or down in a list. */
export function moved(names: readonly string[], name: string, by: 1 | -1): string[] {
  const at = names.indexOf(name);
  const to = at + by;
  if (at < 0 || to < 0 || to >= names.length) return [...names];
  const result = [...names];
  result.splice(at, 1);
  result.splice(to, 0, name);
  return result;
}
