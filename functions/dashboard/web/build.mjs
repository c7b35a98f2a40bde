// Bundles the dashboard into the folder that is named: index.html, and beside it assets/ whose names hold their hash.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

const [out] = process.argv.slice(2);
const assets = join(out, "assets");
const { metafile } = await build({
  entryPoints: ["src/main.tsx", "src/design/icon.svg"],
  outdir: assets,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  minify: true,
  metafile: true,
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "copy" },
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  assetNames: "[name]-[hash]",
  logLevel: "warning",
});

const made = Object.keys(metafile.outputs);
const named = (start, end) => {
  const found = made.map((file) => basename(file)).filter((file) => file.startsWith(start) && file.endsWith(end));
  if (found.length !== 1) throw new Error(`${start}*${end} is there ${found.length} times`);
  return found[0];
};
const page = (await readFile("index.html", "utf8"))
  .replace("{{script}}", named("main-", ".js"))
  .replace("{{style}}", named("main-", ".css"))
  .replace("{{icon}}", named("icon-", ".svg"));
await mkdir(out, { recursive: true });
await writeFile(join(out, "index.html"), page);
