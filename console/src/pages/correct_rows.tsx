// Correcting the rejected rows of a CSV file and importing the file again. Rows that were added are not added twice.
import { useEffect, useState } from "preact/hooks";
import * as api from "../api/client";
import type { Problem } from "../api/problem";
import type { Customer, ImportJob, ImportRow } from "../api/types";
import { type FileTable, fileText } from "../csv_file";
import * as t from "../messages.en";
import { go, href } from "../route";
import { asProblem } from "../store";
import { Button, Notice, Skeleton } from "../ui/basics";
import { Icon } from "../ui/icon";
import { PageHead } from "./parts";

/** The corrected cells, by row number and column. They are kept in this tab until the file is sent. */
type Cells = Record<string, string>;
const keyOf = (id: string) => `corrections ${id}`;

/** Whether an error is about a column: the API names fields as the header does, apart from case and separators. */
const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, "");
const isAbout = (pointer: string, head: string) => pointer !== "" && plain(pointer) === plain(head);

async function readRejected(id: string): Promise<ImportRow[]> {
  const found: ImportRow[] = [];
  let cursor: string | null = null;
  do {
    const page: ImportJob = await api.importJob(id, { cursor, limit: 100 });
    found.push(...page.results.filter((row) => row.status === "refused"));
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

export function CorrectRows({
  of,
  id,
  name,
  table,
  start,
}: {
  of: Customer;
  id: string;
  name: string;
  table: FileTable;
  /** Start the import of the corrected file. */
  start: (content: ArrayBuffer, table: FileTable) => Promise<ImportJob>;
}) {
  const [rows, setRows] = useState<ImportRow[] | null>(null);
  const [cells, setCells] = useState<Cells>(() => JSON.parse(sessionStorage.getItem(keyOf(id)) ?? "{}"));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    readRejected(id).then(setRows, (error) => setProblem(asProblem(error)));
  }, [id]);

  const change = (row: number, column: number, text: string) => {
    const next = { ...cells, [`${row} ${column}`]: text };
    setCells(next);
    sessionStorage.setItem(keyOf(id), JSON.stringify(next));
  };
  const send = async () => {
    setBusy(true);
    setProblem(null);
    const corrected = {
      ...table,
      rows: table.rows.map((row, at) =>
        table.head.map((_, column) => cells[`${at + 1} ${column}`] ?? row[column] ?? ""),
      ),
    };
    try {
      const job = await start(new TextEncoder().encode(fileText(corrected)).buffer as ArrayBuffer, corrected);
      sessionStorage.removeItem(keyOf(id));
      go(href("imports", of.id, job.id));
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };

  return (
    <div class="page full">
      <PageHead title={t.correctTitle(name)} side={rows ? t.rowCount(rows.length) : ""} />
      <p class="hint">{t.correctHint}</p>
      {problem && (
        <Notice kind="bad">
          <strong>{t.failed}</strong> {t.errorText(problem)}
        </Notice>
      )}
      {rows ? (
        <div class="mini-scroll" tabIndex={0} role="region" aria-label={t.correct}>
          <table class="mini correct">
            <thead>
              <tr>
                <th scope="col">{t.heads.row}</th>
                <ColumnHeads of={table} />
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Corrected key={row.row} row={row} table={table} cells={cells} change={change} />
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        !problem && <Skeleton />
      )}
      <div class="buttons start">
        <Button kind="primary" icon="import" aria-busy={busy} onClick={() => void send()}>
          {t.importAgain}
        </Button>
        <Button onClick={() => go(href("imports", of.id, id))}>{t.cancel}</Button>
      </div>
    </div>
  );
}

/** The names of a file's columns, as the heads of a table. */
export const ColumnHeads = ({ of }: { of: FileTable }) =>
  of.head.map((each, at) => (
    <th key={at} scope="col">
      {each}
    </th>
  ));

function Corrected({
  row,
  table,
  cells,
  change,
}: {
  row: ImportRow;
  table: FileTable;
  cells: Cells;
  change: (row: number, column: number, text: string) => void;
}) {
  const errors = row.errors ?? [];
  const why = `why-${row.row}`;
  const texts = table.rows[row.row - 1] ?? [];
  return (
    <>
      <tr>
        <td class="number">{row.row}</td>
        {table.head.map((head, column) => (
          <td key={column}>
            <input
              class="input"
              aria-label={t.cellOf(head, row.row)}
              aria-describedby={why}
              aria-invalid={errors.some((each) => isAbout(String(each.pointer ?? ""), head))}
              value={cells[`${row.row} ${column}`] ?? texts[column] ?? ""}
              onInput={(event) => change(row.row, column, event.currentTarget.value)}
            />
          </td>
        ))}
      </tr>
      <tr class="why">
        <td />
        <td id={why} colSpan={table.head.length} class="error">
          <Icon name="error" /> {errors.map((each) => t.fieldErrorText(each as never, "")).join(" ")}
        </td>
      </tr>
    </>
  );
}

/** A corrected file, to be imported. Its content differs, so it is another import. */
export const correctedFile = (content: ArrayBuffer): api.ImportFile => ({ content, csv: true, encoding: "" });
