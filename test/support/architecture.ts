// The checks that keep the house as CONTRIBUTING.md says it is. Knows files as texts only, so that it can be tested.
import { forbiddenImports, importCircles } from "./rooms.ts";
import { readSource, type Source } from "./source.ts";

/** The files of the house by path. */
export type Files = ReadonlyMap<string, string>;

type Finding = { readonly line: number; readonly what: string };
type Check = (source: Source) => readonly Finding[];

const fileLinesMax = 250;
const testFileLinesMax = 400;
const functionLinesMax = 70;

/** Files that may be longer, how long, and why. */
export const longerFiles: ReadonlyMap<string, { readonly linesMax: number; readonly why: string }> = new Map([
  ["shared/protocol.ts", { linesMax: 370, why: "the wire is one file in the order of PROTOCOL.md" }],
  [
    "server/engine/etcd_pb.ts",
    { linesMax: 900, why: "made of etcd.proto by a program, and read by none but programs" },
  ],
]);

const checks: readonly Check[] = [
  (source) =>
    forbiddenImports(source).map(({ line, from }) => ({ line, what: `imports ${from}, which its room may not` })),
  purity,
  sockets,
  lengths,
  beginning,
  testNames,
  testSleeps,
];

/** Everything that breaks a rule of the house, as `path:line what`. */
export function violationsOf(files: Files): readonly string[] {
  const sources = Array.from(files)
    .filter(([path]) => /\.(tsx?|mjs)$/.test(path))
    .map(([path, text]) => readSource(path, text));
  const inSources = sources.flatMap((source) =>
    checks.flatMap((check) => check(source).map(({ line, what }) => `${source.path}:${line} ${what}`)),
  );
  const inTexts = Array.from(files).flatMap(([path, text]) =>
    [...badName(path), ...badWords(path, text)].map(({ line, what }) => `${path}:${line} ${what}`),
  );
  const circles = importCircles(sources).map((circle) => `${circle} is a circle of imports`);
  return [...new Set([...inSources, ...inTexts, ...circles, ...unknownRules(files)])];
}

const impureNames = new Set(
  (
    "Date performance Temporal setTimeout setInterval setImmediate queueMicrotask Math.random crypto Promise async await " +
    "process globalThis console fetch WeakRef FinalizationRegistry require Buffer"
  ).split(" "),
);

function purity({ path, uses }: Source): Finding[] {
  if (!path.startsWith("server/core/")) return [];
  return uses
    .filter(({ name }) => impureNames.has(name) || name.endsWith(".then"))
    .map(({ name, line }) => ({ line, what: `uses ${name}: the core is pure, time and chance are its arguments` }));
}

function sockets({ path, uses }: Source): Finding[] {
  if (!/^(client|server|shared)\//.test(path) || path === "client/websocket.ts") return [];
  return uses
    .filter(({ name }) => name === "new WebSocket")
    .map(({ line }) => ({ line, what: "makes a WebSocket: client/websocket.ts alone does" }));
}

function lengths({ path, text, functions }: Source): Finding[] {
  const isTest = path.startsWith("test/");
  const linesMax = longerFiles.get(path)?.linesMax ?? (isTest ? testFileLinesMax : fileLinesMax);
  const lines = text.trimEnd().split("\n").length;
  const tooLong = functions.filter(({ length }) => !isTest && length > functionLinesMax);
  return [
    ...(lines > linesMax ? [{ line: linesMax + 1, what: `is ${lines} lines long, and ${linesMax} is the most` }] : []),
    ...tooLong.map(({ name, line, length }) => ({
      line,
      what: `${name} is ${length} lines long, and ${functionLinesMax} is the most`,
    })),
  ];
}

function beginning({ path, text }: Source): Finding[] {
  // A test is called after what it tests.
  if (!path.includes("/") || path.endsWith(".test.ts") || /^(#!.*\n)?\/\/ \S/.test(text)) return [];
  return [{ line: 1, what: "does not begin with a comment that says what it is" }];
}

function testNames({ path, tests }: Source): Finding[] {
  if (!path.endsWith(".test.ts")) return [];
  return tests
    .filter(({ name }) => /\bshould\b/i.test(name))
    .map(({ line }) => ({ line, what: "names a test by what should be: say what is" }));
}

function testSleeps({ path, uses, imports }: Source): Finding[] {
  if (!/^test\/(shared|server|client)\/.*\.test\.ts$/.test(path)) return [];
  const timers = imports.filter(({ from }) => /^(node:)?timers/.test(from));
  return [...timers, ...uses.filter(({ name }) => name === "setTimeout" || name === "setInterval")].map(({ line }) => ({
    line,
    what: "waits for the clock: a unit test moves time by hand",
  }));
}

function badName(path: string): Finding[] {
  const name = /([^/]+?)(\.test)?\.(ts|mjs|tsx)$/.exec(path)?.[1] ?? "";
  if (!/(^|-)(utils?|helpers?|types?|managers?|misc|common)$/.test(name)) return [];
  return [{ line: 1, what: `is called ${name}, which says nothing: a file is a noun of the product` }];
}

// Each pattern is written so that it does not find itself.
const words: readonly { pattern: RegExp; what: string; only?: RegExp }[] = [
  { pattern: /\b(TO[D]O|FIX[M]E|XX[X])\b/g, what: "leaves something to be done: do it, or write it into an issue" },
  { pattern: /\bas a[n]y\b/g, what: "casts to any", only: /\.tsx?$/ },
  { pattern: /@ts-(ignore|nocheck)\b/g, what: "silences the compiler", only: /\.(ts|mjs)$/ },
  { pattern: /\b(test|it|describe)(\.\w+)*\.onl[y]\b/g, what: "runs one test only", only: /\.ts$/ },
  {
    pattern: /\b(test|it|describe)\.(ski[p]|tod[o])\(\s*["'`]/g,
    what: "skips without a reason: use skipIf, or skip with a reason inside the test",
    only: /\.ts$/,
  },
  {
    pattern: /\b(?!(?:RefCount|Http2Session)Manager\b)[A-Z]\w*Manager\b/g,
    what: "names a manager: say what it does",
    only: /\.ts$/,
  },
  { pattern: /(?<![\w.])\/(home|root|Users)\/\w/g, what: "names a folder of one machine" },
  { pattern: /https?:\/\/(10\.|192\.168\.|[^/\s"']*\.(internal|lan|corp)\b)/g, what: "names a host of one network" },
  { pattern: /"resolved": "/g, what: "names a registry", only: /package-lock\.json$/ },
];

function badWords(path: string, text: string): Finding[] {
  return words
    .filter(({ only }) => only === undefined || only.test(path))
    .flatMap(({ pattern, what }) =>
      Array.from(text.matchAll(pattern), ({ index }) => ({ line: text.slice(0, index).split("\n").length, what })),
    );
}

/** Rules that a source or a test names and PROTOCOL.md does not have. */
function unknownRules(files: Files): string[] {
  const protocol = files.get("PROTOCOL.md");
  if (protocol === undefined) return [];
  const rules = new Set(Array.from(protocol.matchAll(/\[([QOFSHB]\d+)\]/g), ([, rule]) => rule));
  return Array.from(files)
    .filter(([path]) => /\.(ts|mjs)$/.test(path))
    .flatMap(([path, text]) => {
      const named = new Set(Array.from(text.matchAll(/\[([QOFSHB]\d+)\]/g), ([, rule]) => rule));
      return [...named].filter((rule) => !rules.has(rule)).map((rule) => `${path}:1 names [${rule}], which is no rule`);
    });
}
