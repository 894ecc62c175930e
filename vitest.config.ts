import { defineConfig } from "vitest/config";

const rules = "test/e2e/rules/**/*.test.ts";

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/totals-reporter.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "house", include: ["test/**/*.test.ts"], exclude: [rules] } },
      { extends: true, test: { name: "rules on memory", include: [rules] } },
      { extends: true, test: { name: "rules on durable", include: [rules], env: { BATON_RULES_ENGINE: "durable" } } },
    ],
  },
});
