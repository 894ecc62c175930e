// Builds the dashboard into dist/dashboard/ when it is run; a hub that starts meanwhile sees the old one or the new one.
import { renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const built = at("dist/dashboard");
const outDir = at(`dist/dashboard-${process.pid}`);

await build({
  configFile: false,
  root: at("client/dashboard"),
  base: "./",
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // Nothing is inlined: the page's policy lets no script, style or picture in that is not a file of the hub.
  build: { outDir, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2023" },
});
rmSync(built, { recursive: true, force: true });
renameSync(outDir, built);
