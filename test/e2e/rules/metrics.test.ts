// What a hub counts, as Prometheus reads it, and the dashboard and the alerts that are made of it.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hubWith, type HubInProcess } from "./hub-in-process.ts";

/** The samples of /metrics by name and labels, as they stand there. */
async function samples(hub: HubInProcess): Promise<Map<string, number>> {
  const { body, headers } = await hub.http("GET", "/metrics");
  expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = String(body)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

describe("/metrics", () => {
  it("counts what there is and what has happened", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id } = await a.granted("r");
    await b.queued("r");
    await c.queued("r", { operation: "other" });
    a.send({ type: "watch", id: 50 });
    await a.next("watching");
    const before = await samples(hub);
    expect(Object.fromEntries(before)).toMatchObject({
      'baton_sessions{state="attached"}': 3,
      'baton_sessions{state="detached"}': 0,
      baton_holders: 1,
      baton_waiters: 2,
      baton_resources: 1,
      baton_sockets: 3,
      baton_watches: 1,
      baton_engine_reachable: 1,
      baton_grants_total: 1,
      baton_sessions_opened_total: 3,
    });
    await a.released(id, "success");
    await b.next("skipped");
    const { id: second } = await c.next("granted");
    await hub.http("POST", "/v1/resource/release?name=r", { reason: "stuck" });
    await c.answer(second, "lost");
    await a.answer(a.acquire("s", { id: 60 }), "granted");
    await b.answer(b.acquire("s", { waitMs: 0 }), "failed");
    b.send({ type: "bye" });
    await b.closed;
    const after = await samples(hub);
    expect(Object.fromEntries(after)).toMatchObject({
      baton_grants_total: 3,
      baton_hand_offs_total: 1,
      baton_skips_total: 1,
      'baton_releases_total{outcome="success"}': 1,
      'baton_releases_total{outcome="failure"}': 0,
      'baton_failures_total{code="LOCK_ALREADY_HELD"}': 1,
      'baton_lost_total{code="LOCK_REVOKED"}': 1,
      'baton_sessions_ended_total{why="bye"}': 1,
      baton_wait_seconds_count: 3,
      'baton_wait_seconds_bucket{le="+Inf"}': 3,
      baton_hold_seconds_count: 2,
    });
    expect(after.get("baton_hand_off_seconds_count")).toBeGreaterThanOrEqual(3);
    for (const direction of ["in", "out"]) {
      expect(after.get(`baton_frames_total{direction="${direction}"}`)).toBeGreaterThan(5);
      expect(after.get(`baton_bytes_total{direction="${direction}"}`)).toBeGreaterThan(100);
    }
    expect(after.get("baton_process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
    expect(after.get('baton_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
  });

  it("names no resource and no node", async () => {
    await using hub = await hubWith();
    const a = await hub.node("secret-node");
    await a.released((await a.granted("secret-resource", { operation: "secret-operation" })).id, "failure", {
      error: { message: "secret", code: "SECRET" },
    });
    expect(String((await hub.http("GET", "/metrics")).body)).not.toMatch(/secret/i);
  });

  it("has every name that the dashboard and the alerts ask for, and a unit in each", async () => {
    await using hub = await hubWith();
    const text = String((await hub.http("GET", "/metrics")).body);
    const names = new Set(Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name));
    const parts = (name: string) => [name, name.replace(/_(bucket|sum|count)$/, "")];
    for (const file of ["grafana-dashboard.json", "prometheus-alerts.yaml"]) {
      const asked = readFileSync(new URL(`../../../monitoring/${file}`, import.meta.url), "utf8").matchAll(
        /\bbaton_\w+/g,
      );
      const missing = [...asked].map(([name]) => name).filter((name) => !parts(name).some((part) => names.has(part)));
      expect(missing, file).toEqual([]);
    }
    const counters = Array.from(text.matchAll(/^# TYPE (baton_\S+) counter/gm), ([, name]) => name);
    expect(counters.filter((name) => !name?.endsWith("_total"))).toEqual([]);
  });
});
