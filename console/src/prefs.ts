// What a user prefers on this computer: columns, density, the view used last, light or dark. No data of customers.
import { effect, type Signal, signal } from "@preact/signals";

const all = new Map<string, Signal<unknown>>();

export function pref<T>(name: string, initial: T): Signal<T> {
  let found = all.get(name);
  if (!found) {
    found = signal<unknown>(read(name) ?? initial);
    all.set(name, found);
    const value = found;
    effect(() => {
      if (value.value === initial) localStorage.removeItem(`console.${name}`);
      else localStorage.setItem(`console.${name}`, JSON.stringify(value.value));
    });
  }
  return found as Signal<T>;
}

function read(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(`console.${name}`) ?? "null");
  } catch {
    return null;
  }
}
