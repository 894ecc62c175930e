// Makes a fresh clone ready, before `npm start`, `npm test` and `npm run demo`: the packages, the runtime, the dashboard, and
// with --test the system's programs that the tests want. Runs on any Node from 20 on, before anything is installed; says nothing
// when there is nothing to do.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const nodeMin = 24;

// The programs of the system that tests need; one that no test needs yet is not installed.
const parts = [
  { program: "docker-registry", debian: "docker-registry", tests: "test/e2e/pull.test.ts" },
  { program: "skopeo", debian: "skopeo", tests: "test/e2e/pull.test.ts" },
  { program: "etcd", debian: "etcd-server", tests: "test/server/engine/etcd.test.ts" },
  { program: "etcdctl", debian: "etcd-client", tests: "test/server/engine/etcd.test.ts" },
  { program: "chromium", debian: "chromium", tests: "test/e2e/browser.test.ts" },
];

installPackages();
checkRuntime();
buildDashboard();
if (process.argv.includes("--test")) installParts();

function installPackages() {
  if (isInstalled()) return;
  console.log("setup: installing the packages of package-lock.json");
  if (npm("ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error") !== 0) {
    fail("npm ci has failed; its message stands above");
  }
}

/** Whether node_modules is what package-lock.json says, by npm's own record of what it has installed. */
function isInstalled() {
  const installed = packagesOf("node_modules/.package-lock.json");
  const wanted = packagesOf("package-lock.json");
  if (installed === undefined || wanted === undefined) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === "") return true;
    const there = installed[path];
    if (there === undefined) return optional === true;
    return there.version === version && there.integrity === integrity && existsSync(join(root, path, "package.json"));
  });
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(join(root, lockFile), "utf8")).packages;
  } catch {
    return undefined;
  }
}

function checkRuntime() {
  if (runtimeMajor() >= nodeMin) return;
  // Where npm is told to ignore scripts, the package `node` lies there without its program.
  npm("rebuild", "node", "--ignore-scripts=false", "--loglevel=error");
  const major = runtimeMajor();
  if (major < nodeMin) {
    fail(
      `node_modules/.bin/node should be Node ${nodeMin} or later, and ${major === 0 ? "does not run" : `is ${major}`}`,
    );
  }
}

function runtimeMajor() {
  const { stdout } = spawnSync(join(root, "node_modules/.bin/node"), ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)\./.exec(stdout ?? "")?.[1] ?? 0);
}

/** Builds the page that the hub serves, when a source is younger than what was built. */
function buildDashboard() {
  const builtAtMs = changedAtMs(join(root, "dist/dashboard/index.html"));
  const sources = ["client", "shared"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name)),
  );
  if (sources.every((path) => changedAtMs(path) <= builtAtMs)) return;
  console.log("setup: building the dashboard");
  const { status } = spawnSync(join(root, "node_modules/.bin/node"), ["scripts/dashboard.ts"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) console.log("setup: the dashboard could not be built; the hub runs without it");
}

function changedAtMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function npm(...args) {
  const path = /npm-cli\.[cm]?js$/.test(process.env.npm_execpath ?? "") ? process.env.npm_execpath : undefined;
  const [program, first] = path === undefined ? ["npm", []] : [process.execPath, [path]];
  return spawnSync(program, [...first, ...args], { cwd: root, stdio: "inherit" }).status;
}

function installParts() {
  const missing = parts.filter(({ program, tests }) => existsSync(join(root, tests)) && !isProgram(program));
  if (missing.length === 0) return;
  console.log(`setup: installing ${missing.map(({ debian }) => debian).join(", ")} for the tests`);
  const problem = aptInstall(missing.map(({ debian }) => debian));
  const still = missing.filter(({ program }) => !isProgram(program));
  if (still.length === 0) return;
  const names = still.map(({ debian }) => debian).join(", ");
  const tests = [...new Set(still.map((part) => part.tests))].join(", ");
  console.log(`setup: could not install ${names} (${problem}); what needs them is skipped in ${tests}`);
}

function isProgram(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Installs Debian packages, each by itself, so that one that is unknown spoils no other; gives the reason if it could not. */
function aptInstall(packages) {
  if (!isProgram("apt-get")) return "this system has no apt-get";
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && spawnSync("sudo", ["-n", "true"]).status !== 0) return "it takes root, or sudo without a password";
  const script = [
    // What is installed for tests must not be started as a service of this machine.
    "policy=/usr/sbin/policy-rc.d",
    `if [ ! -e $policy ]; then printf '#!/bin/sh\\nexit 101\\n' > $policy && chmod 755 $policy && trap 'rm -f $policy' EXIT; fi`,
    "apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=30 update",
    'for package in "$@"; do',
    '  apt-get -qq -y -o DPkg::Lock::Timeout=60 install --no-install-recommends "$package"',
    "done",
  ].join("\n");
  const command = [
    ...(isRoot ? [] : ["sudo", "-n"]),
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "sh",
    "-c",
    script,
    "sh",
  ];
  const [program, ...args] = [...command, ...packages];
  const { stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: 600_000 });
  return error?.message ?? stderr?.trim().split("\n").at(-1) ?? "apt-get has failed";
}

function fail(line) {
  console.error(`setup: ${line}`);
  process.exit(1);
}
