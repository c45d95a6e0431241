// Builds the console into one document, ../shared/api/console.html. With --check, compares instead of writing.
import { readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const OUTPUT = new URL("../shared/api/console.html", import.meta.url);

async function bundle(entry) {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome123", "firefox128", "safari17.5"],
    charset: "utf8",
    legalComments: "none",
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  return result.outputFiles[0].text.trim();
}

const [template, script, style] = await Promise.all([
  readFile(new URL("src/index.html", import.meta.url), "utf8"),
  bundle("src/main.tsx"),
  bundle("src/styles/main.css"),
]);
const page = template.replace("/* style */", () => style).replace("/* script */", () => script);

if (!process.argv.includes("--check")) {
  await writeFile(OUTPUT, page);
} else if (page !== (await readFile(OUTPUT, "utf8"))) {
  console.error("shared/api/console.html is not what console/ builds. Run: make console");
  process.exit(1);
}
