// Rounds and what is made of them.
import { describe, expect, it } from "vitest";
import { meets, type Figure } from "./figure.ts";
import { tableOf } from "./report.ts";
import { alternate, contender, quantile, ratioOf, spreadOf } from "./rounds.ts";

describe("alternate", () => {
  it("warms everyone up once, then measures each once a round, in turn", async () => {
    const order: string[] = [];
    const measured = (name: string) =>
      contender(() => {
        order.push(name);
        return Promise.resolve(order.length);
      });
    const [echo, hub] = [measured("echo"), measured("hub")];
    await alternate([echo, hub], 2);
    expect(order).toEqual(["echo", "hub", "echo", "hub", "echo", "hub"]);
    expect(echo.samples).toEqual([3, 5]);
    expect(hub.samples).toEqual([4, 6]);
  });
});

describe("what is made of rounds", () => {
  it("is the median between least and most", () => {
    expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });

  it("is the ratio of the values of one round", () => {
    expect(ratioOf([10, 40, 90], [10, 20, 30])).toEqual({ median: 2, min: 1, max: 3 });
  });

  it("is a quantile that lies between its neighbours", () => {
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
  });
});

describe("a figure", () => {
  const cost = { serverUs: 5, loadUs: 2, serverCores: 1, loadCores: 0.4, messagesPerFrame: 32 };
  const figure = (median: number, bound: "at least" | "at most"): Figure => ({
    id: "P1",
    what: "pairs",
    unit: "pairs/s",
    value: { median: 100_000, min: 90_000, max: 110_000 },
    cost,
    beside: {
      what: "raw echo",
      unit: "round trips/s",
      value: { median: 50_000, min: 50_000, max: 50_000 },
      ratio: { median, min: median, max: median },
      cost,
    },
    goal: { of: "ratio", bound, number: 2 },
  });

  it("meets its goal on the side that the goal names", () => {
    expect(meets(figure(2.1, "at least"))).toBe(true);
    expect(meets(figure(1.9, "at least"))).toBe(false);
    expect(meets(figure(2.1, "at most"))).toBe(false);
    expect(meets({ ...figure(1, "at most"), goal: undefined })).toBeUndefined();
  });

  it("stands in the table beside its limit and its goal", () => {
    const [, row] = tableOf([figure(1.9, "at least")]).split("\n");
    expect(row).toContain("100,000 (90,000–110,000) pairs/s");
    expect(row).toContain("raw echo 50,000 (50,000–50,000) round trips/s");
    expect(row).toContain("≥ 2");
    expect(row).toContain("miss");
  });
});
