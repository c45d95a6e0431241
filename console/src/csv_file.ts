// Reading a CSV file in the browser, to show its first rows and the names of its rows. The API reads the file itself.

export interface FileTable {
  separator: string;
  head: string[];
  /** The rows that are not empty. The first is row 1. */
  rows: string[][];
}

/** Decode a file: UTF-16 and UTF-8 by their byte order mark, otherwise as chosen. */
export function decode(content: ArrayBuffer, encoding: string): string {
  const [a, b] = new Uint8Array(content, 0, Math.min(2, content.byteLength));
  const marked = a === 0xff && b === 0xfe ? "utf-16le" : a === 0xfe && b === 0xff ? "utf-16be" : null;
  return new TextDecoder(marked ?? (encoding || "utf-8")).decode(content);
}

/** The separator that is most frequent in the header outside quotes. A first line `sep=` wins. */
function separatorOf(head: string): string {
  const bare = head.replace(/"[^"]*"/g, "");
  return (
    [",", ";", "\t"].map((each) => [bare.split(each).length, each] as const).sort(([a], [b]) => b - a)[0]?.[1] ?? ","
  );
}

export function parseCsv(text: string): FileTable {
  let rest = text.replace(/^\ufeff/, "");
  const given = /^sep=(.)\r?\n/i.exec(rest);
  if (given) rest = rest.slice(given[0].length);
  while (/^(#.*|\s*)\r?\n/.test(rest)) rest = rest.replace(/^.*\r?\n/, "");
  const separator = given?.[1] ?? separatorOf(rest.split(/\r?\n/, 1)[0] ?? "");
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const endRow = () => {
    row.push(cell.trim());
    if (row.some(Boolean) && !(row.length >= 1 && row[0] === "#" && row.slice(1).every((each) => !each)))
      rows.push(row);
    row = [];
    cell = "";
  };
  for (let at = 0; at < rest.length; at++) {
    const char = rest[at];
    if (quoted) {
      if (char !== '"') cell += char;
      else if (rest[at + 1] === '"') cell += rest[++at];
      else quoted = false;
    } else if (char === '"' && cell.trim() === "") {
      quoted = true;
      cell = "";
    } else if (char === separator) {
      row.push(cell.trim());
      cell = "";
    } else if (char === "\n" || (char === "\r" && rest[at + 1] !== "\n")) endRow();
    else if (char !== "\r") cell += char;
  }
  if (cell || row.length) endRow();
  const [head = [], ...body] = rows;
  return { separator, head, rows: body };
}

/** Write a table as the API reads it. Unlike a file for a spreadsheet, it has no apostrophes before formulas. */
export function fileText({ head, rows }: FileTable): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** Customers as JSON lines. A line that is not JSON is an empty row, and the API says what is wrong with it. */
export function parseJsonLines(text: string): FileTable {
  const objects = text
    .split(/\r?\n/)
    .filter((line) => line.trim())
    .map((line): Record<string, unknown> => {
      try {
        const found = JSON.parse(line);
        return found && typeof found === "object" ? found : {};
      } catch {
        return {};
      }
    });
  const head = [...new Set(objects.flatMap(Object.keys))];
  return {
    separator: "",
    head,
    rows: objects.map((each) => head.map((name) => (each[name] == null ? "" : String(each[name])))),
  };
}

/** The names in the rows of a file, in their order. The vendor's files call the column `companyname`. */
export function namesIn({ head, rows }: FileTable): string[] {
  const at = head.findIndex((each) => /^(name|company ?_?name)$/i.test(each.trim()));
  return at < 0 ? [] : rows.map((row) => row[at] ?? "");
}
