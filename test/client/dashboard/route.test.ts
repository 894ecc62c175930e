import * as fc from "fast-check";
import { expect, test } from "vitest";
import { allResources, hashOf, readRoute, type Route } from "../../../client/dashboard/route.ts";

const texts = fc.string({ unit: "binary" });
const routes: fc.Arbitrary<Route> = fc.oneof(
  fc.constant({ view: "overview" } as const),
  fc.constant({ view: "waits" } as const),
  fc.record({
    view: fc.constant("resources" as const),
    search: texts,
    order: fc.constantFrom("name", "holder", "held", "waiting", "longest", "outcome"),
    descending: fc.boolean(),
    waiting: fc.boolean(),
    problems: fc.boolean(),
  }),
  fc.record({ view: fc.constant("resource" as const), name: fc.string({ unit: "binary", minLength: 1 }) }),
  fc.record({ view: fc.constant("matrix" as const), prefix: texts }),
  fc.record({ view: fc.constant("sessions" as const), search: texts }),
);

test("every view and choice comes back from its URL", () => {
  fc.assert(
    fc.property(routes, (route) => {
      expect(readRoute(hashOf(route))).toEqual(route);
    }),
  );
});

test("what was not chosen is not in the URL", () => {
  expect(hashOf(allResources)).toBe("#/resources");
  expect(hashOf({ ...allResources, waiting: true, problems: true })).toBe("#/resources?only=waiting%2Cproblems");
});

test.each(["", "#", "#/", "#/nowhere", "nonsense?x=1"])("what is not understood is the overview: %j", (hash) => {
  expect(readRoute(hash)).toEqual({ view: "overview" });
});

test("a resource without a name is all resources", () => {
  expect(readRoute("#/resource")).toEqual(allResources);
});
