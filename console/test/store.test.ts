import { expect, test } from "vitest";
import { Problem } from "../src/api/problem";
import { Entry, List, type Page } from "../src/store";

/** Requests that are answered in the order that a test chooses. */
function requests<T>() {
  const waiting: { resolve: (value: T) => void; reject: (error: Error) => void }[] = [];
  const read = () => new Promise<T>((resolve, reject) => waiting.push({ resolve, reject }));
  return { waiting, read };
}

test("a late response does not overwrite a newer one", async () => {
  const { waiting, read } = requests<string>();
  const entry = new Entry(read);
  const [first, second] = [entry.load(), entry.load()];
  waiting[1]?.resolve("new");
  await second;
  waiting[0]?.resolve("old");
  await first;
  expect(entry.state.value.data).toBe("new");
});

test("a response does not overwrite a value that a change has set since", async () => {
  const { waiting, read } = requests<string>();
  const entry = new Entry(read);
  const loading = entry.load();
  entry.set("changed");
  waiting[0]?.resolve("read before the change");
  await loading;
  expect(entry.state.value).toMatchObject({ data: "changed", loading: false });
});

test("an error keeps what is shown, and a late error is dropped", async () => {
  const { waiting, read } = requests<string>();
  const entry = new Entry(read);
  const first = entry.load();
  waiting[0]?.resolve("shown");
  await first;
  const second = entry.load();
  waiting[1]?.reject(new Problem(0, "unreachable"));
  await second;
  expect(entry.state.value).toMatchObject({ data: "shown", error: { code: "unreachable" }, loading: false });
  const [third, fourth] = [entry.load(), entry.load()];
  waiting[3]?.resolve("newest");
  await fourth;
  waiting[2]?.reject(new Problem(0, "unreachable"));
  await third;
  expect(entry.state.value.error).toBeUndefined();
});

test("a mistake of the console's own code is not shown as an error of the service", async () => {
  const entry = new Entry(() => Promise.reject(new TypeError("x is undefined")));
  await expect(entry.load()).rejects.toThrow("x is undefined");
});

const pages = (...all: number[][]) => {
  const asked: (string | null)[] = [];
  const list = new List<number>(async (cursor): Promise<Page<number>> => {
    asked.push(cursor);
    const at = Number(cursor ?? 0);
    return { rows: all[at] ?? [], next: at + 1 < all.length ? String(at + 1) : null };
  });
  return { list, asked };
};

test("a list reads no more pages than are needed", async () => {
  const { list, asked } = pages([1, 2], [3, 4], [5]);
  await list.ensure(3);
  expect(list.state.value).toMatchObject({ rows: [1, 2, 3, 4], complete: false, loading: false });
  await list.ensure(2);
  expect(asked).toEqual([null, "1"]);
  await list.ensure(100);
  expect(list.state.value).toMatchObject({ rows: [1, 2, 3, 4, 5], complete: true });
});

test("an empty page that is not the last one is not the end", async () => {
  const { list } = pages([], [], [7]);
  await list.ensure(1);
  expect(list.state.value).toMatchObject({ rows: [7], complete: true, ready: true });
});

test("a reload shows the old rows until the new ones are here, and drops what is still on its way", async () => {
  const { waiting, read } = requests<Page<string>>();
  const list = new List(read);
  const first = list.ensure(1);
  waiting[0]?.resolve({ rows: ["old"], next: null });
  await first;
  const [second, third] = [list.reload(), list.reload()];
  expect(list.state.value.rows).toEqual(["old"]);
  waiting[2]?.resolve({ rows: ["newest"], next: null });
  await third;
  waiting[1]?.resolve({ rows: ["late"], next: null });
  await second;
  expect(list.state.value.rows).toEqual(["newest"]);
});

test("a failed page keeps the rows, and trying again goes on from there", async () => {
  const { waiting, read } = requests<Page<string>>();
  const list = new List(read);
  const first = list.ensure(2);
  waiting[0]?.resolve({ rows: ["a"], next: "1" });
  await Promise.resolve();
  await new Promise((done) => setTimeout(done));
  waiting[1]?.reject(new Problem(503, "unavailable"));
  await first;
  expect(list.state.value).toMatchObject({ rows: ["a"], error: { code: "unavailable" } });
  const again = list.retry();
  waiting[2]?.resolve({ rows: ["b"], next: null });
  await again;
  expect(list.state.value).toMatchObject({ rows: ["a", "b"], complete: true });
  expect(list.state.value.error).toBeUndefined();
});
