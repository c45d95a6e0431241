// Imports: drop a file, see its first rows, try it, import it. The results have the names of the rows.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api/client";
import { sleep } from "../api/http";
import type { Problem } from "../api/problem";
import type { Customer, ImportJob, ImportPreview, ImportRow } from "../api/types";
import { csvText, download } from "../csv";
import { decode, type FileTable, namesIn, parseCsv, parseJsonLines } from "../csv_file";
import * as t from "../messages.en";
import { go, href, route } from "../route";
import { asProblem, known, list, may, need, refreshLists, useList } from "../store";
import { Button, Dot, Empty, LinkButton, Notice, Skeleton } from "../ui/basics";
import { Icon } from "../ui/icon";
import { type Column, type Filter, Table } from "../ui/table";
import { ColumnHeads, CorrectRows, correctedFile } from "./correct_rows";
import { CustomerLink, PageHead } from "./parts";

interface Chosen {
  name: string;
  csv: boolean;
  content: ArrayBuffer;
}

/** The names of an import's rows, for this tab: the API's results have none for a rejected row. */
interface Remembered {
  file: string;
  into: string;
  names: string[];
}
const remembered = (id: string): Remembered | null => JSON.parse(sessionStorage.getItem(`import ${id}`) ?? "null");
/** The tables of this tab's CSV files, to correct their rejected rows. After a reload only small ones are left. */
const tables = new Map<string, FileTable>();
const MAX_STORED = 500_000;
function remember(id: string, what: Remembered, table: FileTable | null): void {
  sessionStorage.setItem(`import ${id}`, JSON.stringify(what));
  if (!table?.separator) return;
  tables.set(id, table);
  const text = JSON.stringify(table);
  if (text.length <= MAX_STORED) sessionStorage.setItem(`table ${id}`, text);
}
const tableOf = (id: string): FileTable | null =>
  tables.get(id) ?? JSON.parse(sessionStorage.getItem(`table ${id}`) ?? "null");
const recent = (): string[] =>
  Object.keys(sessionStorage)
    .filter((key) => key.startsWith("import "))
    .map((key) => key.slice(7));

export function ImportsPage({ of }: { of: Customer }) {
  const { rest } = route.value;
  if (!may("change_customers"))
    return (
      <div class="page">
        <PageHead title={t.importTitle} />
        <Empty title={t.mayNotImport}>{t.mayNotAddHint}</Empty>
      </div>
    );
  return rest ? <Job key={rest} of={of} id={rest} /> : <Start key={of.id} of={of} />;
}

function Start({ of }: { of: Customer }) {
  const [file, setFile] = useState<Chosen | null>(null);
  const [encoding, setEncoding] = useState("");
  const [table, setTable] = useState<FileTable | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [missing, setMissing] = useState(false);
  const [tried, setTried] = useState<ImportPreview | null>(null);
  const [busy, setBusy] = useState<"" | "try" | "import">("");
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const choose = async (given: File | undefined) => {
    if (!given) return;
    setFile({ name: given.name, csv: !/\.(jsonl|ndjson)$/i.test(given.name), content: await given.arrayBuffer() });
    setTried(null);
    setProblem(null);
    setMissing(false);
  };
  useEffect(() => {
    if (!file) return;
    const text = decode(file.content, file.csv ? encoding : "");
    setTable(file.csv ? parseCsv(text) : parseJsonLines(text));
  }, [file, encoding]);

  const send = async (dry: boolean) => {
    if (!file) {
      setMissing(true);
      return input.current?.focus();
    }
    setBusy(dry ? "try" : "import");
    setProblem(null);
    try {
      const sent: api.ImportFile = { content: file.content, csv: file.csv, encoding };
      if (dry) setTried(await api.previewImport(sent));
      else {
        const job = await start(sent);
        remember(job.id, { file: file.name, into: of.id, names: table ? namesIn(table) : [] }, table);
        go(href("imports", of.id, job.id));
      }
    } catch (error) {
      setTried(null);
      setProblem(asProblem(error));
    } finally {
      setBusy("");
    }
  };

  return (
    <div class="page full">
      <PageHead title={t.importTitle} side={t.importInto(of.name)} />
      <div
        class={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void choose(event.dataTransfer?.files[0]);
        }}
      >
        <Icon name="import" />
        <label for="import-file">
          <strong>{file ? file.name : t.drop}</strong>
        </label>
        <p id="import-hint" class={missing ? "error" : "hint"}>
          {missing ? (
            <>
              <Icon name="error" /> {t.chooseFile}.
            </>
          ) : table && file ? (
            t.fileFacts(table.rows.length, table.head.length, t.separators[table.separator] ?? "JSON")
          ) : (
            t.dropHint
          )}
        </p>
        <input
          ref={input}
          id="import-file"
          type="file"
          accept=".csv,.txt,.jsonl,.ndjson"
          aria-describedby="import-hint"
          aria-invalid={missing}
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
      </div>
      {file?.csv && (
        <div class="field narrow-field">
          <label for="encoding">{t.encoding}</label>
          <select
            id="encoding"
            class="input"
            value={encoding}
            aria-describedby="encoding-hint"
            onChange={(event) => {
              setEncoding(event.currentTarget.value);
              setTried(null);
            }}
          >
            {Object.entries(t.encodings).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
          <p id="encoding-hint" class="hint">
            {t.encodingHint}
          </p>
        </div>
      )}
      {table && !tried && <FirstRows table={table} />}
      {problem && (
        <Notice kind="bad">
          <strong>{t.failed}</strong> {t.errorText(problem)}
        </Notice>
      )}
      {tried && (
        <>
          <Summary text={t.wouldBe(tried.created, tried.existed, tried.refused)} of={tried} />
          {tried.results.length > 0 && (
            <Rows
              id="import-tried"
              of={list(`tried/${crypto.randomUUID()}`, async () => ({ rows: tried.results, next: null }))}
              keep={tried}
              names={table ? namesIn(table) : []}
            />
          )}
        </>
      )}
      <div class="buttons start">
        <Button kind="primary" icon="import" aria-busy={busy === "import"} onClick={() => void send(false)}>
          {t.importNow}
        </Button>
        <Button aria-busy={busy === "try"} onClick={() => void send(true)}>
          {t.tryFirst}
        </Button>
      </div>
      <Recent of={of} />
    </div>
  );
}

/** Start an import. An interrupted one resumes. After one that is done, the same file tries its rejected rows again. */
async function start(file: api.ImportFile): Promise<ImportJob> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", file.content));
  const key = [...digest].map((each) => each.toString(16).padStart(2, "0")).join("") + (file.csv ? file.encoding : "");
  for (let attempt = 0; ; attempt++) {
    const job = await api.startImport(file, attempt ? `${key}-${attempt}` : key);
    if (job.state !== "done") return job;
  }
}

function FirstRows({ table }: { table: FileTable }) {
  return (
    <section class="part" aria-label={t.firstRows}>
      <header>
        <h2>{t.firstRows}</h2>
      </header>
      <div class="mini-scroll" tabIndex={0} role="region" aria-label={t.firstRows}>
        <table class="mini">
          <thead>
            <tr>
              <ColumnHeads of={table} />
            </tr>
          </thead>
          <tbody>
            {table.rows.slice(0, 5).map((row, at) => (
              <tr key={at}>
                {table.head.map((_, column) => (
                  <td key={column}>{row[column] ?? ""}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Recent({ of }: { of: Customer }) {
  const ids = recent();
  if (ids.length === 0) return null;
  return (
    <section class="part" aria-label={t.recentImports}>
      <header>
        <h2>{t.recentImports}</h2>
      </header>
      <ul class="changes">
        {ids.map((id) => (
          <li key={id}>
            <a href={href("imports", remembered(id)?.into ?? of.id, id)}>{remembered(id)?.file}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}

// ---------------------------------------------------------------- one import

function Job({ of, id }: { of: Customer; id: string }) {
  const [job, setJob] = useState<ImportJob | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [again, setAgain] = useState(0);
  const about = remembered(id);
  useEffect(() => {
    let here = true;
    void (async () => {
      try {
        for (;;) {
          const found = await api.importJob(id, { limit: 1 });
          if (!here) return;
          setJob(found);
          if (found.state === "done") break;
          await sleep(700);
        }
        refreshLists("customers?", "drift/", `import/${id}`);
      } catch (error) {
        if (here) setProblem(asProblem(error));
      }
    })();
    return () => {
      here = false;
    };
  }, [id, again]);
  const title = about?.file ?? t.importTitle;
  const rows = list<ImportRow>(`import/${id}`, async (cursor) => {
    const page = await api.importJob(id, { cursor, limit: 100 });
    return { rows: page.results, next: page.next_cursor };
  });
  if (problem) {
    return (
      <div class="page">
        <PageHead title={title} />
        <Notice
          kind="bad"
          action={
            <button
              type="button"
              class="link"
              onClick={() => {
                setProblem(null);
                setAgain(again + 1);
              }}
            >
              {t.tryAgain}
            </button>
          }
        >
          {t.errorText(problem)}
        </Notice>
      </div>
    );
  }
  if (!job)
    return (
      <div class="page">
        <PageHead title={title} />
        <Skeleton />
      </div>
    );
  const done = job.state === "done";
  const names = about?.names ?? [];
  const table = tableOf(id);
  if (route.value.query.correct && table && done)
    return (
      <CorrectRows
        of={of}
        id={id}
        name={title}
        table={table}
        start={async (content, corrected) => {
          const again = await start(correctedFile(content));
          remember(again.id, { file: title, into: of.id, names: namesIn(corrected) }, corrected);
          return again;
        }}
      />
    );
  return (
    <div class="page full">
      <PageHead
        title={title}
        tag={
          <Dot kind={!done ? "ring" : job.refused ? "warn" : "ok"}>
            {done ? t.importDone(job.created, job.existed, job.refused) : t.rowsDone(job.rows_done, job.rows)}
          </Dot>
        }
        actions={
          <>
            <LinkButton icon="import" href={href("imports", of.id)}>
              {t.anotherFile}
            </LinkButton>
            {done && job.refused > 0 && table && (
              <LinkButton kind="primary" icon="edit" href={href("imports", of.id, id, { correct: "1" })}>
                {t.correct}
              </LinkButton>
            )}
          </>
        }
      />
      <progress
        max={job.rows}
        value={done ? job.rows : job.rows_done}
        aria-label={t.rowsDone(job.rows_done, job.rows)}
      />
      {job.notices.map((each) => (
        <Notice key={each.code} kind="info">
          {each.detail}
        </Notice>
      ))}
      {done && <Rows id="import" of={rows} names={names} />}
    </div>
  );
}

function Summary({ text, of }: { text: string; of: ImportPreview }) {
  return (
    <>
      <p class="import-summary" role="status">
        <strong>{text}</strong>
      </p>
      {of.notices.map((each) => (
        <Notice key={each.code} kind="info">
          {each.detail}
        </Notice>
      ))}
    </>
  );
}

const STATUS: Record<string, "ok" | "off" | "bad"> = { created: "ok", existed: "off", refused: "bad" };
const errorsText = (of: ImportRow) => (of.errors ?? []).map((each) => t.fieldErrorText(each as never, "")).join(" ");

function Rows({
  id,
  of,
  names,
  keep,
}: {
  id: string;
  of: ReturnType<typeof list<ImportRow>>;
  names: string[];
  keep?: ImportPreview;
}) {
  // The results of a dry run are one list for as long as they are shown.
  const first = useRef({ keep, of });
  if (first.current.keep !== keep) first.current = { keep, of };
  const rows = keep ? first.current.of : of;
  const { rows: seen } = useList(rows, 1);
  useEffect(() => void need(seen.flatMap((each) => each.customer_id ?? [])), [seen]);
  const nameOf = (row: ImportRow) => (row.customer_id && known(row.customer_id)?.name) || names[row.row - 1] || "";
  const columns: Column<ImportRow>[] = [
    {
      name: "name",
      title: t.heads.name,
      cell: (row) =>
        row.customer_id ? (
          <CustomerLink id={row.customer_id} name={nameOf(row) || row.customer_id} />
        ) : (
          <span class="strong">{nameOf(row)}</span>
        ),
      value: nameOf,
    },
    { name: "row", title: t.heads.row, cell: (row) => row.row, value: (row) => row.row, numeric: true },
    {
      name: "result",
      title: t.heads.result,
      cell: (row) => <Dot kind={STATUS[row.status] ?? "off"}>{t.word(t.importStatus, row.status)}</Dot>,
      value: (row) => t.word(t.importStatus, row.status),
    },
    { name: "why", title: t.heads.why, cell: (row) => <span class="wrap">{errorsText(row)}</span>, value: errorsText },
  ];
  const filters: Filter<ImportRow>[] = [
    {
      name: "status",
      title: t.heads.result,
      options: (["refused", "created", "existed"] as const).map((value) => ({ value, text: t.importStatus[value] })),
      test: (row, value) => row.status === value,
    },
  ];
  const rejected = async () => {
    await rows.ensure(10_000);
    const found = rows.state.value.rows.filter((row) => row.status === "refused");
    download(
      "rejected.csv",
      csvText([
        [t.heads.row, t.heads.name, t.heads.why],
        ...found.map((row) => [row.row, nameOf(row), errorsText(row)]),
      ]),
    );
  };
  return (
    <Table
      id={id}
      caption={t.importRows}
      list={rows}
      columns={columns}
      rowKey={(row) => String(row.row)}
      rowName={(row) => nameOf(row) || String(row.row)}
      find={{ label: t.findByName }}
      filters={filters}
      order="-result"
      noun={t.rowCount}
      fileName="import"
      empty={<Empty title={t.allRight} />}
      tools={
        <Button icon="download" onClick={() => void rejected()}>
          {t.rejectedCsv}
        </Button>
      }
    />
  );
}
