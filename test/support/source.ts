// One source file as the architecture checks see it: imports, names, functions. Knows no rule.
import { parseAst } from "vitest/node";

/** A module that a file names; `type` when nothing of it is left at run time. */
export type Import = { readonly from: string; readonly kind: "value" | "type"; readonly line: number };
/** Something found at a line. */
export type Mention = { readonly name: string; readonly line: number };

/** What a file consists of. */
export type Source = {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** Names that are looked up (`Date`, not the `Date` of `clock.Date`), and `Math.random`, `.then`, `async`, `await`, `new X`. */
  readonly uses: readonly Mention[];
  /** Functions with their lengths in lines that are neither blank nor comment. */
  readonly functions: readonly (Mention & { readonly length: number })[];
  /** The names given to `test`, `it` and `describe`. */
  readonly tests: readonly Mention[];
};

type Node = { readonly type: string; readonly start: number; readonly end: number; readonly [key: string]: unknown };

const languages = ["tsx", "ts"] as const;

/** Reads one TypeScript or JavaScript file. Throws where it is none. */
export function readSource(path: string, text: string): Source {
  const imports: Import[] = [];
  const uses: Mention[] = [];
  const functions: (Mention & { length: number })[] = [];
  const tests: Mention[] = [];
  const lineOf = lineCounter(text);
  walk(
    parseAst(text, { lang: languages.find((lang) => path.endsWith(`.${lang}`)) ?? "js" }),
    undefined,
    (node, parent) => {
      const line = lineOf(node.start);
      const found = importOf(node);
      if (found !== undefined) imports.push({ ...found, line });
      for (const name of namesOf(node, parent)) uses.push({ name, line });
      if (isFunction(node)) functions.push({ name: functionName(node, parent), line, length: codeLines(text, node) });
      const test = testName(node);
      if (test !== undefined) tests.push({ name: test, line });
    },
  );
  return { path, text, imports, uses, functions, tests };
}

function walk(value: unknown, parent: Node | undefined, visit: (node: Node, parent: Node | undefined) => void): void {
  if (Array.isArray(value)) {
    for (const entry of value) walk(entry, parent, visit);
  } else if (isNode(value)) {
    visit(value, parent);
    for (const entry of Object.values(value)) walk(entry, value, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function importOf(node: Node): Omit<Import, "line"> | undefined {
  const { type, source } = node;
  if (!isNode(source) || typeof source["value"] !== "string") return undefined;
  const from = source["value"];
  if (type === "TSImportType") return { from, kind: "type" };
  if (type === "ImportExpression" || type === "ExportAllDeclaration") return { from, kind: kindOf(node) };
  if (type !== "ImportDeclaration" && type !== "ExportNamedDeclaration") return undefined;
  const specifiers = Array.isArray(node["specifiers"]) ? node["specifiers"].filter(isNode) : [];
  const onlyTypes = specifiers.length > 0 && specifiers.every((specifier) => kindOf(specifier) === "type");
  return { from, kind: onlyTypes ? "type" : kindOf(node) };
}

function kindOf(node: Node): Import["kind"] {
  return node["importKind"] === "type" || node["exportKind"] === "type" ? "type" : "value";
}

function namesOf(node: Node, parent: Node | undefined): string[] {
  const named = nameOf(node);
  switch (node.type) {
    case "Identifier":
      return named !== undefined && !isMemberName(node, parent) ? [named] : [];
    case "MemberExpression":
      return node["computed"] === true ? [] : [`${nameOf(node["object"]) ?? ""}.${nameOf(node["property"]) ?? ""}`];
    case "NewExpression":
      return [`new ${nameOf(node["callee"]) ?? ""}`];
    case "AwaitExpression":
      return ["await"];
    default:
      return node["async"] === true || node["await"] === true ? ["async"] : [];
  }
}

function nameOf(node: unknown): string | undefined {
  return isNode(node) && typeof node["name"] === "string" ? node["name"] : undefined;
}

/** Whether an identifier only names a member: `x.Date`, `{ Date: 1 }`. */
function isMemberName(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined || parent["computed"] === true) return false;
  if (parent.type === "MemberExpression") return parent["property"] === node;
  return parent["key"] === node && parent["shorthand"] !== true;
}

function isFunction(node: Node): boolean {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

function functionName(node: Node, parent: Node | undefined): string {
  return nameOf(node["id"]) ?? nameOf(parent?.["id"]) ?? nameOf(parent?.["key"]) ?? "a function without a name";
}

function codeLines(text: string, { start, end }: Node): number {
  const lines = text.slice(start, end).split("\n");
  return lines.filter((line) => !/^\s*(\/\/|\/?\*|$)/.test(line)).length;
}

function testName(node: Node): string | undefined {
  if (node.type !== "CallExpression" || !Array.isArray(node["arguments"])) return undefined;
  if (!/^(test|it|describe)$/.test(rootName(node["callee"]) ?? "")) return undefined;
  const first: unknown = node["arguments"][0];
  if (!isNode(first)) return undefined;
  if (typeof first["value"] === "string") return first["value"];
  return first.type === "TemplateLiteral" ? JSON.stringify(first["quasis"]) : undefined;
}

/** The `test` of `test`, `test.each(rows)` and `test.skipIf(why)`. */
function rootName(callee: unknown): string | undefined {
  if (!isNode(callee)) return undefined;
  if (callee.type === "CallExpression") return rootName(callee["callee"]);
  return callee.type === "MemberExpression" ? rootName(callee["object"]) : nameOf(callee);
}

/** Gives the line, counted from 1, of an offset into a text. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
