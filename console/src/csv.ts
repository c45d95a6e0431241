// CSV for spreadsheets (RFC 4180). A cell that a spreadsheet would run as a formula gets an apostrophe.

const cell = (value: string | number | null): string => {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export const csvText = (rows: (string | number | null)[][]): string =>
  `${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;

/** Save a text as a file. The byte order mark tells a spreadsheet that it is UTF-8. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
