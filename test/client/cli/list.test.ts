import { expect, test } from "vitest";
import { listing } from "../../../client/cli/list.ts";

test("a list has one line a resource under its headings", () => {
  const holder = { node: "node-1", operation: "pull", mode: "once", heldMs: 192_000 } as const;
  const text = listing([
    { resource: "sha256:f00", holders: [holder], holding: 1, waiting: 12, oldestWaitMs: 5_000 },
    { resource: "catalog", holders: [{ ...holder, mode: "shared" }], holding: 3, waiting: 0, oldestWaitMs: 0 },
    {
      resource: "done",
      holders: [],
      holding: 0,
      waiting: 0,
      oldestWaitMs: 0,
      outcome: { operation: "pull", node: "node-2", ageMs: 300_000 },
    },
  ]);
  expect(text).toBe(
    [
      "NAME        HOLDER     MODE    HELD   WAITING  OUTCOME",
      "sha256:f00  node-1     once    3m12s  12       -",
      "catalog     node-1 +2  shared  3m12s  0        -",
      "done        -          -       -      0        pull by node-2 5m ago",
      "",
    ].join("\n"),
  );
});

test("names that others chose are escaped", () => {
  const holder = { node: "\u001b[2Jn", operation: "run", mode: "once", heldMs: 0 } as const;
  const text = listing([{ resource: "a\u202eb", holders: [holder], holding: 1, waiting: 0, oldestWaitMs: 0 }]);
  expect(text).toContain("a\\u{202e}b");
  expect(text).toContain("\\u{1b}[2Jn");
});
