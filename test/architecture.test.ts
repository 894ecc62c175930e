// The house is as CONTRIBUTING.md says it is, and the checker that says so finds what is planted.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Files, longerFiles, violationsOf } from "./support/architecture.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const notOurs = new Set(["node_modules", "dist", "baton-data", ".git"]);
const isText = (name: string) => /\.(ts|tsx|mjs|json|md|ya?ml|css|html|sh)$/.test(name) || name === "run";

function readFiles(folder: string): [path: string, text: string][] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = join(folder, entry.name);
    if (notOurs.has(entry.name)) return [];
    if (entry.isDirectory()) return readFiles(path);
    return entry.isFile() && isText(entry.name) ? [[relative(root, path), readFileSync(path, "utf8")]] : [];
  });
}

const house: Files = new Map(readFiles(root));

const first = "// What this is.\n";
/** Puts together what must not stand in any file of the house, this one included. */
const joined = (...parts: string[]) => parts.join("");

describe("the house", () => {
  test("keeps every rule", () => {
    expect(violationsOf(house)).toEqual([]);
  });

  test("names nowhere the folder that it lies in", () => {
    const folder = root.replace(/\/$/, "");
    const naming = Array.from(house).filter(([, text]) => folder.split("/").length > 2 && text.includes(folder));
    expect(naming.map(([path]) => path)).toEqual([]);
  });

  test("has a reason for every file that is longer than others, and no reason without one", () => {
    for (const [path, { why }] of longerFiles) {
      expect(house.get(path)?.split("\n").length, path).toBeGreaterThan(250);
      expect(why).not.toBe("");
    }
  });
});

describe("the checker finds", () => {
  const planted: [what: string, path: string, text: string, found: string][] = [
    ["the hub in the client", "client/lock.ts", 'import "../server/hub.ts";', "imports ../server/hub.ts"],
    ["a client in the hub", "server/http.ts", 'import { a } from "../client/index.ts";', "imports ../client/index.ts"],
    [
      "a type of a client in the hub",
      "server/http.ts",
      'import type { A } from "../client/index.ts";',
      "imports ../client",
    ],
    ["a test in the hub", "server/http.ts", 'import "../test/support/hub.ts";', "imports ../test/support/hub.ts"],
    ["a package that is not the room's", "shared/text.ts", 'import "nanoid";', "imports nanoid"],
    ["a package whose name only begins alike", "shared/text.ts", 'import "zodiac";', "imports zodiac"],
    ["node: in the language", "shared/text.ts", 'import "node:fs";', "imports node:fs"],
    ["node: in the SDK", "client/lock.ts", 'export { sep } from "node:path";', "imports node:path"],
    ["node: in the SDK, late", "client/lock.ts", 'void import("node:path");', "imports node:path"],
    ["ws beside the socket", "server/hub.ts", 'import "ws";', "imports ws"],
    ["a door that is not public", "client/cli/run.ts", 'import "../hub.ts";', "imports ../hub.ts"],
    ["another door than the page's", "client/dashboard/feed.ts", 'import "../hub.ts";', "imports ../hub.ts"],
    ["node: in the page", "client/dashboard/app.tsx", 'import "node:fs";', "imports node:fs"],
    ["the page in the SDK", "client/hub.ts", 'import "./dashboard/route.ts";', "imports ./dashboard/route.ts"],
    ["the command line in the SDK", "client/hub.ts", 'import "./cli/main.ts";', "imports ./cli/main.ts"],
    ["a socket in a session", "server/session.ts", 'import "./socket.ts";', "imports ./socket.ts"],
    ["node: in a session", "server/session.ts", 'import "node:crypto";', "imports node:crypto"],
    ["a hub in a session", "server/session.ts", 'import { a } from "./hub.ts";', "imports ./hub.ts"],
    [
      "a decision in the hub",
      "server/hub.ts",
      'import { step } from "./core/lock-table.ts";',
      "imports ./core/lock-table.ts",
    ],
    [
      "a session in the engine",
      "server/engine/engine.ts",
      'import { a } from "../session.ts";',
      "imports ../session.ts",
    ],
    ["someone who imports main", "server/http.ts", 'import "./main.ts";', "imports ./main.ts"],
    ["someone who imports start", "server/http.ts", 'import "./start.ts";', "imports ./start.ts"],
    [
      "a schema in the core",
      "server/core/table.ts",
      'import { a } from "../../shared/protocol.ts";',
      "imports ../../shared/protocol.ts",
    ],
    ["a package in the core", "server/core/table.ts", 'import type { A } from "zod";', "imports zod"],
    ["node: in the core", "server/core/table.ts", 'import "node:crypto";', "imports node:crypto"],
    ["a clock in the core", "server/core/table.ts", "export const a = Date.now();", "uses Date"],
    [
      "a clock in the core, by another name",
      "server/core/table.ts",
      "const { now } = performance;",
      "uses performance",
    ],
    ["a timer in the core", "server/core/table.ts", "setTimeout(() => {}, 1);", "uses setTimeout"],
    ["chance in the core", "server/core/table.ts", "export const a = Math.random();", "uses Math.random"],
    ["an async function in the core", "server/core/table.ts", "export const a = async () => {};", "uses async"],
    ["await in the core", "server/core/table.ts", "await 1;", "uses await"],
    ["a promise in the core", "server/core/table.ts", "export type A = Promise<void>;", "uses Promise"],
    ["a then in the core", "server/core/table.ts", "export const a = (b: any) => b.then();", "uses b.then"],
    ["a socket of one's own", "client/hub.ts", 'new WebSocket("ws://x");', "makes a WebSocket"],
    ["a long file", "server/hub.ts", "\n".repeat(250) + "1;", "is 252 lines long"],
    ["a long function", "server/hub.ts", `function a() {\n${"1;\n".repeat(70)}}`, "a is 72 lines long"],
    ["a long arrow function", "server/hub.ts", `const b = () => {\n${"1;\n".repeat(70)}};`, "b is 72 lines long"],
    ["a name that says nothing", "server/string-utils.ts", "", "is called string-utils"],
    ["a name that says nothing, of a test", "test/server/helpers.test.ts", "", "is called helpers"],
    ["a manager", "server/hub.ts", joined("class Lock", "Manager", " {}"), "names a manager"],
    ["work left over", "server/hub.ts", joined("// TO", "DO", ": later"), "leaves something to be done"],
    ["work left over in a document", "README.md", joined("TO", "DO"), "leaves something to be done"],
    ["a cast to any", "server/hub.ts", joined("1 as ", "any", ";"), "casts to any"],
    ["a silenced compiler", "server/hub.ts", joined("// @ts-", "ignore"), "silences the compiler"],
    ["one test alone", "test/server/hub.test.ts", joined("test.", "only", '("x", () => {});'), "runs one test only"],
    [
      "a skip without a reason",
      "test/server/hub.test.ts",
      joined("describe.", "skip", '("x", () => {});'),
      "skips without a reason",
    ],
    [
      "a wish for a name",
      "test/server/hub.test.ts",
      'test.each([1])("it should be", () => {});',
      "names a test by what should be",
    ],
    ["a sleep", "test/server/hub.test.ts", 'import { setTimeout } from "node:timers/promises";', "waits for the clock"],
    [
      "a sleep by hand",
      "test/server/hub.test.ts",
      "await new Promise((done) => setTimeout(done, 5));",
      "waits for the clock",
    ],
    ["a file that does not say what it is", "server/hub.ts", "export const a = 1;", "does not begin with a comment"],
    ["a folder of one machine", "README.md", joined("see /ho", "me", "/ann/baton"), "names a folder of one machine"],
    ["a host of one network", "README.md", joined("http://npm.", "internal", "/x"), "names a host of one network"],
    ["a registry", "package-lock.json", `"resolved": "https://x"`, "names a registry"],
  ];
  test.each(planted)("%s", (_what, path, text, found) => {
    const whole = /\.tsx?$/.test(path) && !found.startsWith("does not begin") ? first + text : text;
    const violations = violationsOf(new Map([[path, whole]]));
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(new RegExp(`^${path.replaceAll(".", "\\.")}:\\d+ `));
    expect(violations[0]).toContain(found);
  });

  test("a circle of imports, however long, once", () => {
    const files = new Map([
      ["server/a.ts", `${first}import "./b.ts";`],
      ["server/b.ts", `${first}import "./c.ts";\nimport type { A } from "./a.ts";`],
      ["server/c.ts", `${first}export { x } from "./a.ts";`],
    ]);
    expect(violationsOf(files)).toEqual([
      "server/a.ts → server/b.ts → server/c.ts → server/a.ts is a circle of imports",
    ]);
  });

  test("a rule that PROTOCOL.md does not have", () => {
    const files = new Map([
      ["PROTOCOL.md", "- **[Q1]** At most one."],
      ["test/server/hub.test.ts", `${first}test("[Q1] is a rule", () => {});\ntest("[Q${90 + 9}] is none", () => {});`],
    ]);
    expect(violationsOf(files)).toEqual([`test/server/hub.test.ts:1 names [Q${90 + 9}], which is no rule`]);
  });
});

describe("the checker lets be", () => {
  const allowed: [what: string, path: string, text: string][] = [
    ["a type of the wire in the core", "server/core/table.ts", 'import type { A } from "../../shared/protocol.ts";'],
    ["a bound in the core", "server/core/table.ts", 'import { a } from "../../shared/limits.ts";'],
    ["a member that is called like a clock", "server/core/table.ts", "export const a = (b: { Date: 1 }) => b.Date;"],
    ["a clock in a comment and in a text", "server/core/table.ts", '/* Date.now() */ export const a = "Date.now()";'],
    ["ws in the socket", "server/socket.ts", 'import { WebSocketServer } from "ws";'],
    ["the socket of the SDK", "client/websocket.ts", "export const a = new WebSocket('ws://x');"],
    ["node: in the command line", "client/cli/run.ts", 'import "node:fs";'],
    ["the public door", "client/cli/run.ts", 'import "../index.ts";'],
    ["a hub in what is made for tests", "client/testing/hub.ts", 'import "../../server/hub.ts";'],
    ["the one name that the design gives", "client/refcount/counts.ts", "export class RefCountManager {}"],
    ["blank lines and comments in a function", "server/hub.ts", `function a() {\n${"// why\n\n".repeat(90)}}`],
    ["a long test", "test/server/hub.test.ts", `test("x", () => {\n${"1;\n".repeat(90)}});`],
    ["a skip for a reason", "test/e2e/pull.test.ts", 'test.skipIf(noRegistry)("x", () => {});'],
    ["a skip for a reason inside", "test/e2e/pull.test.ts", 'it("x", (test) => { test.skip(!able, "why"); });'],
    ["a sleep beside real processes", "test/e2e/pull.test.ts", 'import "node:timers/promises";'],
    ["a word that only begins alike", "server/hub.ts", "export const shoulder = 1;"],
  ];
  test.each(allowed)("%s", (_what, path, text) => {
    expect(violationsOf(new Map([[path, first + text]]))).toEqual([]);
  });
});
