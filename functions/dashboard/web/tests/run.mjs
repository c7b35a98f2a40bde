// Runs what stands in *.test.mjs beside this with node's own test runner, bundled as the app is: the same JSX and TypeScript.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { build } from "esbuild";

const here = import.meta.dirname;
const tests = (await readdir(here)).filter((name) => name.endsWith(".test.mjs"));
if (tests.length === 0) throw new Error(`no tests in ${here}`);
const outdir = await mkdtemp(join(tmpdir(), "dashboard-"));
await build({
  entryPoints: tests.map((name) => join(here, name)),
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  // where a browser loads the app from
  define: { "import.meta.url": '"https://server.example/live/dashboard/assets/main.js"' },
  logLevel: "warning",
});
const files = tests.map((name) => join(outdir, basename(name)));
run({ files, concurrency: true })
  .on("test:fail", () => {
    process.exitCode = 1;
  })
  .on("end", () => void rm(outdir, { recursive: true }))
  .compose(spec)
  .pipe(process.stdout);
