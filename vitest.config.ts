import { etcdMissing } from "./test/support/etcd.ts";
import { defineConfig } from "vitest/config";

const rules = "test/e2e/rules/**/*.test.ts";
// Processes that are killed and stopped again and again, and disks that fail: `npm run faults`.
const faults = "test/faults/**/*.test.ts";

// Real processes, sockets and browsers on a machine that CI shares: what fails there once and holds when it is run again is
// named at the end of the run as flaky, to be mended, and refuses nothing. Nothing else is ever run again: a random test
// that fails has found something.
const retry = process.env.CI === undefined ? 0 : 1;

/** The rules, through hubs of one engine. */
const rulesOn = (engine: string) => ({
  extends: true as const,
  test: { name: `rules on ${engine}`, include: [rules], retry, env: { BATON_RULES_ENGINE: engine } },
});

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/totals-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A machine that does more than one thing may be slow: what never comes fails, what comes late does not.
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "house", include: ["test/**/*.test.ts"], exclude: ["test/e2e/**", faults] } },
      { extends: true, test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], exclude: [rules], retry } },
      { extends: true, test: { name: "faults", include: [faults] } },
      rulesOn("memory"),
      rulesOn("durable"),
      // Two hubs over one etcd, where there is one.
      ...(etcdMissing() === undefined ? [rulesOn("etcd")] : []),
    ],
  },
});
