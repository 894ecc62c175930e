// Builds what is published into dist/: tsc, on an empty folder, bins that can be run, and the dashboard.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = `${root}dist`;

rmSync(dist, { recursive: true, force: true });
const compiler = fileURLToPath(import.meta.resolve("typescript/package.json")).replace(/package\.json$/, "bin/tsc");
const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

const { bin } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
for (const [name, path] of Object.entries(bin)) {
  const file = `${root}${path}`;
  if (!existsSync(file) || !readFileSync(file, "utf8").startsWith("#!/usr/bin/env node\n")) {
    console.error(`build: the program ${name} is not at ${path}, or does not start with #!/usr/bin/env node`);
    process.exit(1);
  }
  chmodSync(file, 0o755);
}

await import("./dashboard.ts");
