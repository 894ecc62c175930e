// What a hub counts, as Prometheus reads it, and the dashboard and the alerts that are made of it.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../../shared/limits.ts";
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
    a.send({ type: "watch", id: 50, intervalMs: 3_600_000 });
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

  it("has a type that fits its samples: of quantiles a summary alone, with its sum and its count", async () => {
    await using hub = await hubWith();
    const names = [...(await samples(hub)).keys()];
    const text = String((await hub.http("GET", "/metrics")).body);
    const summaries = Array.from(text.matchAll(/^# TYPE (\S+) summary$/gm), ([, name]) => name);
    const withQuantiles = names.filter((name) => name.includes("{quantile=")).map((name) => name.replace(/\{.*$/, ""));
    expect(new Set(withQuantiles)).toEqual(new Set(summaries));
    expect(summaries).toEqual(["baton_loop_delay_seconds"]);
    for (const name of summaries) expect(names).toEqual(expect.arrayContaining([`${name}_sum`, `${name}_count`]));
  });

  it("has each metric of the protocol page and no other, with its help and its type", async () => {
    await using hub = await hubWith();
    const page = readFileSync(new URL("../../../PROTOCOL.md", import.meta.url), "utf8");
    const rows = page.slice(page.indexOf("| metric | what |"), page.indexOf("\n## Rights")).matchAll(/^\|([^|]+)\|/gm);
    const documented = [...rows].flatMap(([, cell]) => cell?.match(/\bbaton_\w+/g) ?? []);
    const text = String((await hub.http("GET", "/metrics")).body);
    const described = (what: string) =>
      Array.from(text.matchAll(new RegExp(`^# ${what} (\\S+) .`, "gm")), ([, name]) => name);
    expect(new Set(described("TYPE"))).toEqual(new Set(documented));
    expect(described("HELP")).toEqual(described("TYPE"));
    const names = new Set(documented);
    const strangers = [...(await samples(hub)).keys()]
      .map((name) => name.replace(/\{.*$/, ""))
      .filter((name) => !names.has(name) && !names.has(name.replace(/_(bucket|sum|count)$/, "")));
    expect(strangers).toEqual([]);
  });

  it("[B1] has each bound that is counted from the start, and none twice", async () => {
    await using hub = await hubWith({ isAlone: true, limits: { sessionsMax: 1 } });
    const refusals = async () => {
      const entries = [...(await samples(hub))].flatMap(([name, value]) => {
        const [, bound] = /^baton_refusals_total\{bound="(\w+)"\}$/.exec(name) ?? [];
        return bound === undefined ? [] : [[bound, value] as const];
      });
      return Object.fromEntries(entries);
    };
    const { historyResourceMax: _, historyMax: __, listEntriesMax: ___, ...counted } = defaultLimits;
    const before = await refusals();
    expect(Object.keys(before).toSorted()).toEqual(Object.keys(counted).toSorted());
    expect(new Set(Object.values(before))).toEqual(new Set([0]));
    await hub.node("a");
    const b = await hub.connect();
    b.send({ type: "hello", node: "b" });
    await b.closed;
    expect(await refusals()).toEqual({ ...before, sessionsMax: 1 });
  });

  it("counts what the process has used since it began", async () => {
    await using hub = await hubWith();
    const { user, system } = process.cpuUsage();
    const { heapTotal } = process.memoryUsage();
    const after = await samples(hub);
    const { user: userAfter, system: systemAfter } = process.cpuUsage();
    const cpu = after.get("baton_process_cpu_seconds_total");
    expect(cpu).toBeGreaterThanOrEqual((user + system) / 1e6);
    expect(cpu).toBeLessThanOrEqual((userAfter + systemAfter) / 1e6);
    const began = Date.now() / 1_000 - process.uptime();
    expect(Math.abs((after.get("baton_process_start_time_seconds") ?? 0) - began)).toBeLessThan(10);
    const heap = after.get("baton_process_heap_bytes");
    expect(heap).toBeGreaterThan(1_000_000);
    expect(heap).toBeLessThan(2 * heapTotal);
  });

  it("has as many series after 10,000 hostile names as before, and each line is one that Prometheus reads", async () => {
    await using hub = await hubWith();
    const series = async () => [...(await samples(hub)).keys()];
    const a = await hub.node('a"} 1\\u2028{b="');
    await a.released((await a.granted("r")).id, "failure", { error: { message: "m", code: 'C"} 1' } });
    const before = await series();
    const hostile = ['"', "\\", "}", "{", "\u{202e}", "\u{1f9e8}", "# TYPE ", "baton_grants_total ", "’", "=,"];
    for (let round = 0; round < 10; round += 1) {
      const ids = Array.from({ length: 1_000 }, (_, place) => {
        const name = `${hostile[round]}${hostile[place % 10]}${place}`;
        return a.acquire(name, { operation: name.slice(0, 12), waitMs: 0 });
      });
      for (const id of ids) await a.answer(id, "granted");
      for (const id of ids)
        a.send({ type: "release", id, outcome: "failure", error: { message: "m", code: `C${id}"} 1` } });
      for (const id of ids) await a.answer(id, "released");
    }
    for (let place = 0; place < 100; place += 1) await hub.node(`${hostile[place % 10]}${place}`);
    expect(await series()).toEqual(before);
    const text = String((await hub.http("GET", "/metrics")).body);
    const line = /^(# (HELP|TYPE) baton_\w+ .+|baton_\w+(\{\w+="[\w.+]+"(,\w+="[\w.+]+")*\})? -?[\d.e+-]+|)$/;
    expect(text.split("\n").filter((one) => !line.test(one))).toEqual([]);
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
