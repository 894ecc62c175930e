// The checker is checked: a history that is right passes, and each thing that can be wrong is found.
import { describe, expect, test } from "vitest";
import type { Ask, Event } from "./history.ts";
import { HistoryCheck, violationsIn } from "./history-check.ts";

const run: Ask = { resource: "r", operation: "run", mode: "once" };
const fresh: Ask = { resource: "layer", operation: "pull", mode: "once", freshMs: 60_000 };

const asked = (request: string, ask = run): Event => ({ is: "asked", request, node: request.slice(0, 1), ask });
const queued = (request: string, position = 1): Event => ({ is: "queued", request, position });
const granted = (request: string, fence: number, attempt = 1, previous?: string): Event => {
  return { is: "granted", request, fence, attempt, previous };
};
const said = (request: string, outcome: "success" | "failure" | "none" = "success"): Event => {
  return { is: "said", request, outcome, result: request };
};
const released = (request: string): Event => ({ is: "released", request });
const skipped = (request: string, by: string, fence: number, result: string): Event => {
  return { is: "skipped", request, by, fence, result };
};
const failed = (request: string, code: string): Event => ({ is: "failed", request, code });
const cancelled = (request: string): Event => ({ is: "cancelled", request });
const started = (order: number): Event => ({ is: "started", order });
const present = (session: string, fence: number): Event => ({ is: "present", session, fence });
const resumed = (session: string, lastId: number): Event => ({ is: "resumed", session, lastId });
const retold = (session: string): Event => ({ is: "retold", session });

/** `a` works and fails, the hub is killed, `b` works and succeeds, `c` is skipped; `d` takes its request back. */
const right: Event[] = [
  started(100),
  ...["a", "b", "c", "d"].map((session, place) => present(session, 101 + place)),
  asked("a/1"),
  granted("a/1", 110),
  ...["b/1", "c/1", "d/1"].flatMap((request, place) => [asked(request), queued(request, place + 1)]),
  said("a/1", "failure"),
  started(200),
  ...["a", "b", "c", "d"]
    .flatMap((session) => [resumed(session, 1), retold(session)])
    .filter((event) => event.is !== "retold"),
  granted("a/1", 110),
  ...["b/1", "c/1", "d/1"].map((request, place) => queued(request, place + 1)),
  ...["a", "b", "c", "d"].flatMap((session, place) => [retold(session), present(session, 201 + place)]),
  said("a/1", "failure"),
  granted("b/1", 210, 2, "a"),
  released("a/1"),
  cancelled("d/1"),
  failed("d/1", "CANCELLED"),
  said("b/1"),
  skipped("c/1", "b", 210, "b/1"),
  released("b/1"),
  // Said again until it is acknowledged.
  resumed("c", 1),
  skipped("c/1", "b", 210, "b/1"),
  retold("c"),
  asked("a/2", fresh),
  granted("a/2", 220),
  said("a/2"),
  released("a/2"),
  asked("b/2", fresh),
  skipped("b/2", "a", 220, "a/2"),
];

/** The right history with some events in the place of those of one kind and request. */
function without(is: Event["is"], request: string, ...instead: Event[]): Event[] {
  const place = right.findLastIndex((event) => event.is === is && "request" in event && event.request === request);
  if (place < 0) throw new Error(`there is no ${is} of ${request}`);
  return right.toSpliced(place, 1, ...instead);
}

function after(is: Event["is"], request: string, ...more: Event[]): Event[] {
  const found = right.findLast((event) => event.is === is && "request" in event && event.request === request);
  if (found === undefined) throw new Error(`there is no ${is} of ${request}`);
  return without(is, request, found, ...more);
}

test("a history that is right has nothing wrong with it", () => {
  expect(violationsIn(right)).toEqual([]);
});

describe("what is wrong is found:", () => {
  const planted: [what: string, history: Event[], found: RegExp][] = [
    ["a second holder", after("granted", "b/1", asked("e/1"), granted("e/1", 211)), /b\/1 holds it \[Q1\]/],
    ["a second holder after a kill", after("queued", "d/1", granted("b/1", 209)), /a\/1 holds it \[Q1\]/],
    [
      "a fence that falls",
      without("granted", "b/1", granted("b/1", 109, 2, "a")),
      /fence 109 after a\/1 had 110 \[F1\]/,
    ],
    [
      "a fence that is given twice",
      without("granted", "b/1", granted("b/1", 110, 2, "a")),
      /fence 110 after a\/1 had 110 \[F1\]/,
    ],
    ["a grant that changes its fence", without("granted", "a/1", granted("a/1", 205)), /fence 205, and had 110 \[F1\]/],
    ["a fence that falls before a cancel", crossed(209), /b\/1 has fence 209 after e\/1 had 210 \[F1\]/],
    ["one who asked later and is granted before", overtaken(204.5), /c\/1 waited longer than e\/1 .*\[Q2\]/],
    ["a place that is lost", after("queued", "c/1", queued("b/1", 3)), /b\/1 is put back from 1 to 3 \[S4\]/],
    ["a grant that is taken back", after("granted", "b/1", queued("b/1")), /b\/1 waits again/],
    [
      "a release that is forgotten",
      after("released", "b/1", granted("b/1", 210)),
      /told granted after released \[S9\]/,
    ],
    [
      "a second answer",
      after("skipped", "c/1", failed("c/1", "CANCELLED")),
      /c\/1 is told failed after skipped \[S9\]/,
    ],
    [
      "another answer the second time",
      after("skipped", "c/1", skipped("c/1", "b", 209, "")),
      /told skipped after skipped/,
    ],
    [
      "a skip that nobody stands for",
      without("said", "b/1", said("b/1", "none")),
      /c\/1 is skipped by .* nobody said \[O9\]/,
    ],
    ["a skip by a failure", without("said", "b/1", said("b/1", "failure")), /c\/1 is skipped by .* nobody said \[O9\]/],
    [
      "a skip at another's fence",
      without("skipped", "b/2", skipped("b/2", "a", 110, "a/1")),
      /b\/2 is skipped by .*\[O9\]/,
    ],
    [
      "a skip with another's result",
      without("skipped", "b/2", skipped("b/2", "a", 220, "x")),
      /b\/2 is skipped by .*\[O9\]/,
    ],
    [
      "an outcome that is forgotten",
      without("skipped", "b/2", granted("b/2", 230)),
      /b\/2 is granted though .* \[O6\]/,
    ],
    ["a request that is never answered", without("skipped", "b/2"), /b\/2 was never answered \[S9\]/],
    ["a request that is lost in a kill", without("queued", "d/1"), /d\/1 is not told of after a resume \[S9\]/],
    [
      "a request that the hub has not received",
      right.map((event) => (event.is === "resumed" ? resumed(event.session, 0) : event)),
      /a\/1 was answered, and the hub has none above 0/,
    ],
    ["a session that is gone", [...right, { is: "gone", session: "a" }], /session a is gone/],
    ["one who is overtaken when all is settled again", settledAgain(present("c", 203)), /c\/1 waited longer than e\/1/],
    [
      "a holder that loses its grant",
      without("said", "b/1", { is: "lost", request: "b/1", code: "SESSION_ENDED" }),
      /b\/1 is lost/,
    ],
    ["a release that nobody said", without("said", "b/1"), /b\/1 is released, which nobody said/],
    ["a cancel that nobody said", without("cancelled", "d/1"), /d\/1 failed: CANCELLED/],
    [
      "an attempt after no failure",
      right.filter((event) => event.is !== "said" || event.outcome !== "failure"),
      /b\/1 is attempt 2 and nobody has failed \[O5\]/,
    ],
    ["an answer to nobody", [...right, released("z/9")], /z\/9 is answered and was never asked/],
  ];
  test.each(planted)("%s", (_, history, found) => {
    expect(violationsIn(history).join("\n")).toMatch(found);
  });
});

test("a grant that a cancel has crossed may be heard after the next one's", () => {
  expect(violationsIn(crossed(211))).toEqual([]);
});

test("one who was away may be overtaken [S5]", () => {
  expect(violationsIn(overtaken(202)).join("\n")).not.toMatch(/waited longer/);
});

test("nobody is known to be there from the moment that a hub may be given up until he has shown himself", () => {
  expect(violationsIn(settledAgain()).join("\n")).not.toMatch(/waited longer/);
});

test("a success may be forgotten when all hubs may have been away at once", () => {
  const forgotten: Event[] = [{ is: "unsettled" }, { is: "settled" }, asked("c/2", fresh), granted("c/2", 240)];
  expect(violationsIn([...right, ...forgotten.slice(2)]).join("\n")).toMatch(/c\/2 is granted though/);
  expect(violationsIn([...right, ...forgotten]).join("\n")).not.toMatch(/granted though/);
});

test("a session without grace may be gone with its hub, and the grants that it had are counted", () => {
  const check = new HistoryCheck();
  check.note(asked("a/1"));
  check.note(granted("a/1", 110));
  check.note({ is: "gone", session: "a", graceMs: 0 });
  check.note(asked("b/1"));
  check.note(granted("b/1", 111));
  expect([check.violations, check.innocent]).toEqual([[], 1]);
});

/** `e` asks after `c` waits, and is granted before it, when hubs were given up and are settled again. */
function settledAgain(...more: Event[]): Event[] {
  return [
    started(100),
    present("c", 101),
    ...["a/1", "c/1"].map((request) => asked(request)),
    granted("a/1", 110),
    queued("c/1"),
    { is: "unsettled" },
    { is: "settled" },
    ...more,
    asked("e/1"),
    said("a/1", "none"),
    granted("e/1", 204),
    said("e/1", "none"),
    granted("c/1", 220),
  ];
}

/** `e` asks after `c` waits, and is granted before it, at a step. */
function overtaken(fence: number): Event[] {
  return [
    ...right.slice(0, right.findIndex((event) => event.is === "queued" && event.request === "c/1") + 1),
    asked("e/1"),
    said("a/1", "none"),
    started(200),
    present("c", 203),
    granted("e/1", fence),
    said("e/1", "none"),
    granted("c/1", 220),
  ];
}

/** `b` is granted at a step while its cancel is on its way, and hears of it after `c`, who is granted at the cancel. */
function crossed(fence: number): Event[] {
  return [
    started(100),
    ...["e/1", "b/1", "c/1"].map((request) => asked(request)),
    granted("e/1", 210),
    said("e/1", "none"),
    released("e/1"),
    cancelled("b/1"),
    granted("c/1", 213),
    granted("b/1", fence),
    released("b/1"),
    said("c/1", "none"),
    released("c/1"),
  ];
}
