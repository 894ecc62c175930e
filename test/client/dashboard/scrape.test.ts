import { expect, test } from "vitest";
import { pulseOf, readScrape } from "../../../client/dashboard/scrape.ts";

const metrics = (grants: number, fast: number, slow: number) => `# HELP baton_grants_total Grants.
# TYPE baton_grants_total counter
baton_grants_total{mode="once"} ${grants}
baton_grants_total{mode="shared"} 1
baton_releases_total{outcome="failure"} ${grants / 10}
baton_releases_total{outcome="success"} ${grants}
baton_hand_off_seconds_bucket{le="0.001"} ${fast}
baton_hand_off_seconds_bucket{le="0.01"} ${fast + slow}
baton_hand_off_seconds_bucket{le="+Inf"} ${fast + slow}
`;

test("rates are what happened between two readings, a second", () => {
  const pulse = pulseOf(readScrape(metrics(100, 0, 0), 0), readScrape(metrics(300, 0, 0), 2_000));
  expect(pulse).toMatchObject({ grants: 100, failures: 10, skips: 0, lost: 0, atMs: 2_000 });
  expect(pulse.handOffP50Ms).toBeUndefined();
});

test("quantiles are of the hand-offs between the two readings alone", () => {
  const pulse = pulseOf(readScrape(metrics(0, 1_000, 1_000), 0), readScrape(metrics(0, 1_090, 1_010), 1_000));
  expect(pulse.handOffP50Ms).toBeCloseTo(0.556, 2);
  expect(pulse.handOffP99Ms).toBeCloseTo(9.1, 1);
});

test("a hub that was started anew counts from nothing", () => {
  expect(pulseOf(readScrape(metrics(500, 0, 0), 0), readScrape(metrics(49, 0, 0), 1_000)).grants).toBe(49);
});

test("text of another form is no figure", () => {
  expect(readScrape("<html>\n\nnot one", 0).samples.size).toBeLessThanOrEqual(1);
});
