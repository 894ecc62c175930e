// The dashboard of a hub in a real browser, and all that its page complained of. Knows no view.
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A page that shows a dashboard. */
export type DashboardPage = {
  readonly page: Page;
  /** Errors, failed loads and reports of the page's policy, as texts. */
  readonly complaints: string[];
};

/** Builds the dashboard unless what is there is younger than all sources. */
export function buildDashboard(): void {
  const builtAtMs = statSync(join(root, "dist/dashboard/index.html"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = ["client", "shared"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(root, folder, name)),
  );
  if (sources.every((path) => statSync(path).mtimeMs <= builtAtMs)) return;
  const { status } = spawnSync(process.execPath, ["scripts/dashboard.ts"], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error("the dashboard could not be built");
}

/** Opens the dashboard of the hub at `httpUrl` at one of its views, such as `#/resources`. */
export async function openDashboard(
  browser: Browser,
  httpUrl: string,
  view = "#/",
  options: BrowserContextOptions = {},
): Promise<DashboardPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await page.addInitScript({
    content: `addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      console.error("policy: " + violatedDirective + " " + blockedURI));`,
  });
  await page.goto(`${httpUrl}/${view}`);
  return { page, complaints };
}

/** Resolves when the page shows all of that text. */
export async function shown(page: Page, ...texts: readonly string[]): Promise<void> {
  const main = texts.reduce((found, text) => found.filter({ hasText: text }), page.locator("main"));
  await main.waitFor();
}

/** What axe finds at fault on a page, serious and critical faults alone, each with the elements it is about. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: unknown = await page.evaluate(
    `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 200) + failureSummary).join(" | ")))`,
  );
  return Array.isArray(found) ? found.map(String) : [String(found)];
}
