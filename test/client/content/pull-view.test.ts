// What a pull shows: lines, bars, JSON; and nothing in a name or an error that could drive a terminal.
import { describe, expect, it } from "vitest";
import { bytesText, percentText } from "../../../client/cli/bytes.ts";
import { Bars, barsView } from "../../../client/cli/pull-bars.ts";
import { jsonView, linesView, summaryText } from "../../../client/cli/pull-view.ts";
import type { PullEvent, PullSummary } from "../../../client/content/index.ts";

const a = `sha256:${"a".repeat(64)}`;
const b = `sha256:${"b".repeat(64)}`;
const holder = {
  node: "node-2",
  operation: "pull",
  mode: "once",
  heldMs: 5,
  progress: { done: 43, total: 100 },
} as const;
const events: PullEvent[] = [
  { type: "resolved", image: "docker.io/library/alpine:3.20", digest: a },
  { type: "blob", blob: { digest: a, size: 52_400_000, kind: "layer" } },
  { type: "blob", blob: { digest: b, size: 7_200, kind: "config" } },
  { type: "queued", digest: a, position: 1, holders: [holder] },
  { type: "exists", digest: b, bytes: 7_200 },
  { type: "granted", digest: a, fence: 9, attempt: 2, previous: { node: "node-2", message: "SESSION_ENDED" } },
  { type: "resumed", digest: a, bytes: 10_000_000 },
  { type: "progress", digest: a, bytes: 26_200_000, total: 52_400_000 },
];
const summary: PullSummary = {
  image: "docker.io/library/alpine:3.20",
  digest: a,
  all: { blobs: 11, bytes: 92_400_000 },
  downloaded: { blobs: 2, bytes: 60_000_000 },
  skipped: { blobs: 8, bytes: 32_392_800 },
  existing: { blobs: 1, bytes: 7_200 },
  fetchedBytes: 60_000_000,
  savedBytes: 32_400_000,
  ms: 3_210,
};

function barsAfter(shown: readonly PullEvent[], nowMs: () => number = () => 0): Bars {
  const bars = new Bars(nowMs);
  for (const event of shown) bars.show(event);
  return bars;
}

it("says amounts as people read them", () => {
  expect([0, 999, 1_000, 1_500, 999_949, 999_999, 52_400_000, 7e12].map(bytesText)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "1.5 kB",
    "999.9 kB",
    "1.0 MB",
    "52.4 MB",
    "7.0 TB",
  ]);
  expect([percentText(0, 0), percentText(1, 3), percentText(3, 3)]).toEqual(["100 %", "33 %", "100 %"]);
});

describe("linesView", () => {
  it("says one line per event that matters, and none per byte", () => {
    const lines: string[] = [];
    const view = linesView((line) => lines.push(line));
    for (const event of events) view.show(event);
    view.show({ type: "done", digest: a, bytes: 52_400_000, fetchedBytes: 42_400_000, fence: 9 });
    expect(lines).toEqual([
      `docker.io/library/alpine:3.20 is ${a}`,
      "aaaaaaaaaaaa  waiting, node-2 (43 %) downloads it",
      "bbbbbbbbbbbb  exists, 7.2 kB",
      "aaaaaaaaaaaa  downloading, attempt 2 after node-2 (SESSION_ENDED)",
      "aaaaaaaaaaaa  goes on from 10.0 MB, which another node had left",
      "aaaaaaaaaaaa  done, 52.4 MB",
    ]);
  });

  it("lets nobody drive the terminal", () => {
    const lines: string[] = [];
    linesView((line) => lines.push(line)).show({ type: "failed", digest: a, message: "\u001b[2Jgone\n\u202e" });
    expect(lines).toEqual(["aaaaaaaaaaaa  failed: \\u{1b}[2Jgone\\u{a}\\u{202e}"]);
  });
});

it("says in one sentence what a pull came to", () => {
  expect(summaryText(summary)).toBe(
    "docker.io/library/alpine:3.20: 11 blobs, 92.4 MB in 3s; 2 downloaded here (60.0 MB); " +
      "8 by other nodes (32.4 MB); 1 already there (7.2 kB); 32.4 MB saved",
  );
});

it("gives each event as a line of JSON, with node and time", () => {
  const lines: string[] = [];
  const view = jsonView(
    "n\u001b1",
    (line) => lines.push(line),
    () => 1_700_000_000_000,
  );
  view.show({ type: "summary", ...summary });
  expect(JSON.parse(lines[0] ?? "")).toEqual({ at: 1_700_000_000_000, node: "n\u001b1", type: "summary", ...summary });
  expect(lines[0]).not.toContain("\u001b");
});

describe("bars", () => {
  it("keep their order and say who downloads", () => {
    expect(barsAfter(events.slice(0, 5)).lines(120, 40)).toEqual([
      `aaaaaaaaaaaa  layer       52.4 MB  [${" ".repeat(24)}]  waiting, node-2 (43 %) downloads it`,
      `bbbbbbbbbbbb  config       7.2 kB  [${"=".repeat(24)}]  exists`,
    ]);
  });

  it("show how far it is and how fast, a rest not counted as speed", () => {
    let now = 0;
    const bars = barsAfter(events, () => now);
    now = 2_000;
    expect(bars.lines(120, 40)[0]).toBe(
      `aaaaaaaaaaaa  layer       52.4 MB  [${"=".repeat(12)}>${" ".repeat(11)}]   50 %  8.1 MB/s  after node-2`,
    );
  });

  it("never are wider than the terminal, nor more than its rows", () => {
    const many = Array.from({ length: 30 }, (_, index): PullEvent => {
      const digest = `sha256:${String(index).padStart(64, "0")}`;
      return { type: "blob", blob: { digest, size: 1, kind: "layer" } };
    });
    const lines = barsAfter([...events, ...many]).lines(40, 10);
    expect(lines).toHaveLength(9);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
    expect(
      barsAfter([...events, ...many])
        .lines(200, 10)
        .at(-1),
    ).toBe("… 1 of 32 blobs are there, 23 more are not shown");
  });

  it("are drawn over themselves, and stay at the end", () => {
    let written = "";
    const screen = { write: (text: string) => void (written += text), columns: 100, rows: 30 };
    const view = barsView(screen, () => 0);
    for (const event of events.slice(0, 3)) view.show(event);
    view.end();
    expect(written.split("\n")).toHaveLength(3);
    expect(written.startsWith("\u001b[2Kaaaaaaaaaaaa")).toBe(true);
  });
});
