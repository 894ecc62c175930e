// Ends a test run with one plain line for scripts: `N passed, N failed`, and `, N skipped` when there are any. Before it stands
// a line for each test that failed first and held when it was run again: `flaky: <file> > <test>`.
// Knows nothing of how a run is shown before.
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** The counts of one run, in tests. What fails outside a test (a file, a suite, the run itself) is one failure each. */
export type Totals = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** Counts a run that has ended. */
export function totalsOf(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Totals {
  const totals = { passed: 0, failed: unhandled.length, skipped: 0 };
  for (const file of modules) {
    if (file.errors().length > 0) totals.failed += 1;
    for (const suite of file.children.allSuites()) if (suite.errors().length > 0) totals.failed += 1;
    for (const test of file.children.allTests()) {
      const { state } = test.result();
      // A test that was never run, because the run was broken off, has not passed.
      totals[state === "pending" ? "failed" : state] += 1;
    }
  }
  return totals;
}

/** The line itself. */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/** The tests that held only when they were run again, each as its file and its name. */
export function flakyOf(modules: readonly TestModule[]): string[] {
  return modules.flatMap((file) =>
    [...file.children.allTests("passed")]
      .filter((test) => test.diagnostic()?.flaky === true)
      .map((test) => `${file.relativeModuleId} > ${test.fullName}`),
  );
}

export default class TotalsReporter implements Reporter {
  #totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  #flaky: readonly string[] = [];

  onInit(): void {
    // Only when the process exits has every other reporter said what it has to say.
    process.once("exit", () => {
      const flaky = this.#flaky.map((name) => `flaky: ${name}\n`).join("");
      process.stdout.write(`${flaky}${totalsLine(this.#totals)}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#totals = totalsOf(modules, unhandled);
    this.#flaky = flakyOf(modules);
  }
}
