// What of a caller's messages goes to the engine, beyond what real sockets show.
import { expect, test } from "vitest";
import { commandOf } from "../../server/rights.ts";
import { TableTrace } from "../support/table-trace.ts";

test("[H3] the result of what has ended is in no command; that of what lives, or may live by then, is", () => {
  const trace = new TableTrace();
  const release = { type: "release", outcome: "success", retry: true } as const;
  const result = "x".repeat(1_000);
  const said = (id: number) => commandOf(trace.socketOf("a"), { ...release, id, result }, undefined, trace.table);
  const whole = (id: number) => ({ type: "message", socket: "a/1", message: { ...release, id, result } });
  expect(said(1)).toEqual(whole(1));
  trace.acquire("a1");
  expect(said(1)).toEqual(whole(1));
  trace.letGo("a1");
  expect(said(1)).toEqual({ type: "message", socket: "a/1", message: { ...release, id: 1 } });
  expect(said(2)).toEqual(whole(2));
});
