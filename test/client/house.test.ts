// The SDK runs in browsers: nothing of Node's is imported outside the rooms that may.
import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const mayUseNode = /^client\/(cli|content|dashboard|fence|refcount|testing)\b/;

describe("the SDK", () => {
  const files = globSync("client/**/*.ts").filter((path) => !mayUseNode.test(path));

  it("imports nothing but itself and shared/", () => {
    expect(files.length).toBeGreaterThan(20);
    for (const path of files) {
      const imports = [...readFileSync(path, "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
        ([, from]) => from,
      );
      for (const from of imports) expect(from, path).toMatch(/^(\.\/[\w-]+\.ts|\.\.\/shared\/[\w-]+\.ts)$/);
    }
  });

  it("makes its WebSocket in one file", () => {
    const makers = files.filter((path) => /new WebSocket/.test(readFileSync(path, "utf8").replaceAll(/\/\/.*/g, "")));
    expect(makers).toEqual(["client/websocket.ts"]);
  });
});
