import { etcdMissing } from "./test/support/etcd.ts";
import { defineConfig } from "vitest/config";

const rules = "test/e2e/rules/**/*.test.ts";
// Processes that are killed and stopped again and again, and disks that fail: `npm run faults`.
const faults = "test/faults/**/*.test.ts";

// Two hubs over one etcd, where there is one.
const onEtcd = {
  extends: true as const,
  test: { name: "rules on etcd", include: [rules], env: { BATON_RULES_ENGINE: "etcd" } },
};

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/totals-reporter.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A machine that does more than one thing may be slow: what never comes fails, what comes late does not.
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "house", include: ["test/**/*.test.ts"], exclude: [rules, faults] } },
      { extends: true, test: { name: "faults", include: [faults] } },
      { extends: true, test: { name: "rules on memory", include: [rules] } },
      { extends: true, test: { name: "rules on durable", include: [rules], env: { BATON_RULES_ENGINE: "durable" } } },
      ...(etcdMissing() === undefined ? [onEtcd] : []),
    ],
  },
});
