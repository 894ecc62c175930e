// A real browser, the system's Chromium, without a window. Usable without vitest.
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const program = "/usr/bin/chromium";

/** Whether this machine has one. */
export const hasBrowser: boolean = existsSync(program);

/** Starts it; it asks nobody but the pages it is sent to. */
export function startBrowser(): Promise<Browser> {
  const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({
    executablePath: program,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", ...quiet],
  });
}
