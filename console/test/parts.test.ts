import { expect, test } from "vitest";
import { Problem } from "../src/api/problem";
import { csvText } from "../src/csv";
import { decode, fileText, namesIn, parseCsv, parseJsonLines } from "../src/csv_file";
import * as t from "../src/messages.en";
import { valueText } from "../src/pages/history";
import { href, parse } from "../src/route";
import { readDraft, removeDraft, writeDraft } from "../src/ui/draft";
import { compare, fold, moved, parseSort, sortText } from "../src/ui/rows";

test("an address is parsed into what it was built from", () => {
  const address = href("customers", "cus_1", "add", { view: "trial", q: "a&b", page: undefined });
  expect(address).toBe("#/customers/cus_1/add?view=trial&q=a%26b");
  expect(parse(address)).toEqual({ page: "customers", id: "cus_1", rest: "add", query: { view: "trial", q: "a&b" } });
});

test.each(["", "#", "#/", "#/unknown/cus_1", "#/%E0%A4%A"])("the address %j is the user's own customers", (address) => {
  expect(parse(address)).toMatchObject({ page: "customers", id: "", rest: "" });
});

test("a spreadsheet runs no cell as a formula, and reads quotes and lines as they are", () => {
  expect(
    csvText([
      ["=1+1", "+a", "-b", "@c"],
      ['say "x"', "a,b", "two\nlines", null],
      [-5, 0, "plain", ""],
    ]),
  ).toBe('\'=1+1,\'+a,\'-b,\'@c\r\n"say ""x""","a,b","two\nlines",\r\n-5,0,plain,\r\n');
});

test("rows are compared as text with numbers, and what is missing comes last in both directions", () => {
  const names = ["Site 10", null, "Ærø", "site 2", "Zürich", ""];
  expect([...names].sort((a, b) => compare(a, b, 1)).slice(0, 4)).toEqual(["Ærø", "site 2", "Site 10", "Zürich"]);
  expect([...names].sort((a, b) => compare(a, b, -1)).slice(0, 4)).toEqual(["Zürich", "Site 10", "site 2", "Ærø"]);
  expect([30, 4, 7].sort((a, b) => compare(a, b, 1))).toEqual([4, 7, 30]);
});

test("finding ignores case, accents and spaces", () => {
  expect(fold("  Müller   &  SØN ")).toBe(fold("muller & søn"));
});

test("a sort is the same after a trip through the address", () => {
  expect(parseSort("-added")).toEqual({ name: "added", direction: -1 });
  expect(sortText({ name: "added", direction: -1 })).toBe("-added");
  expect(parseSort(undefined)).toBeNull();
});

test("a column moves one place and not beyond the ends", () => {
  expect(moved(["a", "b", "c"], "b", 1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b"], "b", 1)).toEqual(["a", "b"]);
  expect(moved(["a"], "x", -1)).toEqual(["a"]);
});

test("a draft belongs to one account and one form", () => {
  const draft = { values: { name: "typed" }, key: "k", at: 1 };
  writeDraft("acc_1", "add", draft);
  expect(readDraft("acc_1", "add")).toEqual(draft);
  expect(readDraft("acc_2", "add")).toBeNull();
  expect(readDraft("acc_1", "edit")).toBeNull();
  removeDraft("acc_1", "add");
  expect(readDraft("acc_1", "add")).toBeNull();
});

test("a draft that is not one is ignored", () => {
  sessionStorage.setItem("draft acc_1 add", "{broken");
  expect(readDraft("acc_1", "add")).toBeNull();
});

test.each([
  ["name,country\nA,DE\n", ",", [["A", "DE"]]],
  [
    'name;note\r\n"A; B";"x ""y"""\r\n;\r\nC;\r\n',
    ";",
    [
      ["A; B", 'x "y"'],
      ["C", ""],
    ],
  ],
  ["sep=;\nname;b\n1,2;3\n", ";", [["1,2", "3"]]],
  [
    "# made by a tool\n\nname\tb\nA\tx\n#\nB\ty",
    "\t",
    [
      ["A", "x"],
      ["B", "y"],
    ],
  ],
])("a file is read as the service reads it: %j", (text, separator, rows) => {
  expect(parseCsv(text)).toMatchObject({ separator, rows });
});

test("the names of a file's rows are found under the vendor's heading too", () => {
  expect(namesIn(parseCsv("companyname,ParentId\nA,1\nB,2\n"))).toEqual(["A", "B"]);
  expect(namesIn(parseJsonLines('{"name":"A"}\nnot json\n{"name":"C"}\n'))).toEqual(["A", "", "C"]);
  expect(namesIn(parseCsv("country\nDE\n"))).toEqual([]);
});

test("a byte order mark wins over the chosen encoding", () => {
  const utf16 = new Uint8Array([0xff, 0xfe, 0x41, 0, 0xe4, 0]);
  expect(decode(utf16.buffer, "windows-1252")).toBe("Aä");
  expect(decode(new Uint8Array([0x41, 0xe4]).buffer, "windows-1252")).toBe("Aä");
});

test.each([
  ["required", "service_type", "A distributor requires service_type.", "Choose a service type."],
  ["role_too_high", "role", null, "You can't give a role above your own. Choose another one."],
  ["required", "unheard_of", null, "unheard_of is missing."],
  ["a_new_code", "name", "The API's own words.", "The API's own words."],
])("the error %s of %s has the console's own words", (code, field, detail, words) => {
  expect(t.fieldErrorText({ code, pointer: `/${field}`, ...(detail ? { detail } : {}) }, field)).toBe(words);
});

test("a member of an enumeration that is new is shown in plain words", () => {
  expect(t.word(t.levels, "sub_distributor")).toBe("Sub-Distributor");
  expect(t.word(t.levels, "a_new_level")).toBe("a new level");
});

test.each([
  [0, "ends today"],
  [1, "1 day left"],
  [30, "30 days left"],
])("%i days left are said as %j", (days, words) => {
  expect(t.daysLeft(days)).toBe(words);
});

test.each([
  ["end_customer", "End-Customer"],
  ["all_inclusive", "All-Inclusive"],
  ["Office_2", "Office_2"],
  ["dev_ab_1", "dev_ab_1"],
  ["slr_20261128093005120_k3jqabcd", "slr_20261128093005120_k3jqabcd"],
  ["2026-11-28T09:30:05.120000Z", "28 Nov 2026, 09:30 UTC"],
  [null, "none"],
])("the history shows the value %j as %j", (value, shown) => {
  expect(valueText(value)).toBe(shown);
});

test("a corrected file is read as it was written", () => {
  const table = {
    separator: ";",
    head: ["name", "reason"],
    rows: [
      ['A "big" one', "=1, 2"],
      ["", "two\nlines"],
    ],
  };
  const read = parseCsv(fileText(table));
  expect([read.head, ...read.rows]).toEqual([table.head, ...table.rows]);
});

test("what blocks archiving is named, the first three", () => {
  const errors = ["Aurora", "Front desk", "File server", "Laptop"].map((detail) => ({ code: "device", detail }));
  const problem = new Problem(409, "failed", { code: "archive_blocked", errors, devices: 3 });
  expect(t.errorText(problem)).toMatch(/first\. Aurora, Front desk, File server and 1 more$/);
});
