import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connect, type Hub } from "../../client/index.ts";
import { hasBrowser, startBrowser } from "../support/browser.ts";
import { buildDashboard, openDashboard, seriousFaults, shown } from "../support/dashboard.ts";
import { startHubProcess, type HubProcess } from "../support/hub.ts";

const [phone, desktop, wide] = [390, 1280, 2560].map((width) => ({ width, height: 850 }));
const looks: readonly [string, BrowserContextOptions][] = [
  ["a phone in light", { colorScheme: "light", viewport: phone! }],
  ["a phone in dark", { colorScheme: "dark", viewport: phone! }],
  ["a desktop in light", { colorScheme: "light", viewport: desktop! }],
  ["a desktop in dark", { colorScheme: "dark", viewport: desktop! }],
  ["a wide screen", { colorScheme: "light", viewport: wide! }],
];
// A machine that is busy is no fault of the page.
const patience = { timeout: 30_000 };
/** Each view, and what it shows once all of it is there. */
const views = [
  ["#/waits", "They wait for each other"],
  ["#/", "wait for each other in a circle"],
  ["#/resources", "node-a"],
  ["#/resources?search=none", "No resource fits"],
  ["#/resource?name=x", "node-b waits for node-a"],
  ["#/resource?name=none", "The hub has nothing of it"],
  ["#/matrix", "node-a"],
  ["#/sessions", "node-b"],
] as const;
const emptyViews = [
  ["#/", "Nothing is coordinated yet"],
  ["#/resources", "Nothing is held, awaited or remembered"],
  ["#/waits", "Nobody waits for anybody"],
  ["#/matrix", "No pull is under way or remembered"],
] as const;

describe.skipIf(!hasBrowser)("the dashboard for all its readers (needs Chromium)", { timeout: 240_000 }, () => {
  let browser: Browser;
  let hub: HubProcess;
  let empty: HubProcess;
  const nodes: Hub[] = [];

  beforeAll(async () => {
    buildDashboard();
    [hub, empty, browser] = await Promise.all([startHubProcess(), startHubProcess(), startBrowser()]);
    const [a, b] = await Promise.all([connect(hub.url, { node: "node-a" }), connect(hub.url, { node: "node-b" })]);
    nodes.push(a, b);
    await a.once("done", { operation: "pull" }, () => 1);
    await a.once("broken", {}, () => Promise.reject(new Error("upstream 503"))).catch(() => {});
    await Promise.all([a.lock("x"), b.lock("y")]);
    void a.lock("y").catch(() => {});
    void b.lock("x").catch(() => {});
    void a
      .once("w", { operation: "pull" }, (grant) => {
        grant.progress({ done: 63, total: 100, note: "downloading" });
        return new Promise(() => {});
      })
      .catch(() => {});
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all(nodes.map((node) => node.close()));
    await Promise.all([hub?.stop(), empty?.stop()]);
  });

  it.each(looks)(
    "has no serious fault that axe finds, in any view, and is no wider than its window: on %s",
    async (look, options) => {
      const { page } = await openDashboard(browser, hub.httpUrl, "#/", { ...options, reducedMotion: "reduce" });
      const check = async (at: string) => {
        expect(await seriousFaults(page), `${look} ${at}`).toEqual([]);
        expect(
          await page.evaluate("document.documentElement.scrollWidth - innerWidth"),
          `${look} ${at}`,
        ).toBeLessThanOrEqual(0);
      };
      for (const [view, text] of views) {
        await page.goto(`${hub.httpUrl}/${view}`);
        await shown(page, text);
        await check(view);
      }
      await page.goto(`${hub.httpUrl}/#/resource?name=x`);
      await page.getByRole("button", { name: "Force release" }).click();
      await check("a dialog");
      await page.keyboard.press("Escape");
      await page.keyboard.press("p");
      await page.getByText(/^Paused .* ago/).waitFor();
      await page.keyboard.press("?");
      await check("paused, the keys");
      for (const [view, text] of emptyViews) {
        await page.goto(`${empty.httpUrl}/${view}`);
        await shown(page, text);
        await check(`empty ${view}`);
      }
    },
  );

  it.each(["reduce", "no-preference"] as const)(
    "moves what moves, unless less motion is asked for: %s",
    async (reducedMotion) => {
      const { page } = await openDashboard(browser, hub.httpUrl, "#/resource?name=x", { reducedMotion });
      await shown(page, "node-b waits for node-a");
      // The circle is told by another answer of the hub than the queue whose figures move.
      await page.locator(".figure").first().waitFor(patience);
      const moving = await page.evaluate(
        `[...document.querySelectorAll("*")].map((element) => getComputedStyle(element))
        .filter((style) => style.animationName !== "none" || style.transitionDuration.split(", ").some((time) => parseFloat(time) > 0)).length`,
      );
      if (reducedMotion === "reduce") expect(moving).toBe(0);
      else expect(moving).toBeGreaterThan(0);
    },
  );

  it("is steered by keys: search, rows, what was found, help, and the way past the head of the page", async () => {
    const { page } = await openDashboard(browser, hub.httpUrl, "#/sessions");
    const focused = () => page.evaluate("document.activeElement.ariaLabel || document.activeElement.id");
    await shown(page, "node-b");
    for (const [view, heading, label] of [
      ["#/sessions", "Sessions", "Search sessions"],
      ["#/matrix", "Pulls", "Only blobs whose names begin so"],
      ["#/waits", "Who waits for whom", "Search resources and holders"],
    ] as const) {
      await page.goto(`${hub.httpUrl}/${view}`);
      await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
      await page.keyboard.press("/");
      await expect.poll(focused, patience).toBe(label);
    }
    // What is typed there is text, and no key.
    await page.keyboard.type("node-?jk/p");
    expect(await page.getByLabel("Search resources").inputValue()).toBe("node-?jk/p");
    await page.getByLabel("Search resources").fill("node-");
    const names = () => page.locator("tbody a").allTextContents();
    await expect.poll(names, patience).toEqual(["w", "x", "y"]);
    await page.keyboard.press("Enter");
    const selected = () => page.locator("tr.selected a").allTextContents();
    for (const [key, name] of [
      ["j", "w"],
      ["j", "x"],
      ["j", "y"],
      ["j", "y"],
      ["k", "x"],
    ] as const) {
      await page.keyboard.press(key);
      await expect.poll(selected, patience).toEqual([name]);
    }
    await page.keyboard.press("Enter");
    await shown(page, "node-b waits for node-a");
    await page.goBack();
    await expect.poll(names, patience).toEqual(["w", "x", "y"]);
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("next row").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.reload();
    await expect.poll(names, patience).toEqual(["w", "x", "y"]);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect.poll(focused, patience).toBe("main");
    expect(new URL(page.url()).hash).toBe("#/resources?search=node-");
  });

  it("keeps the selected row under the reader's hand when others move", async () => {
    const { page } = await openDashboard(browser, hub.httpUrl, "#/resources?search=node-");
    const names = () => page.locator("tbody a").allTextContents();
    await expect.poll(names, patience).toEqual(["w", "x", "y"]);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.getByRole("button", { name: "Resource" }).click();
    await expect.poll(names, patience).toEqual(["y", "x", "w"]);
    expect(await page.locator("tr.selected a").allTextContents()).toEqual(["x"]);
    await page.keyboard.press("j");
    await expect.poll(() => page.locator("tr.selected a").allTextContents(), patience).toEqual(["w"]);
    // The heading that was clicked has nothing to do with Enter any more.
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "w", level: 1 }).waitFor();
    expect(new URL(page.url()).hash).toBe("#/resource?name=w");
  });

  it("leaves the search with Esc, and empties it", async () => {
    const { page } = await openDashboard(browser, hub.httpUrl, "#/resources");
    const search = page.getByLabel("Search resources");
    await search.fill("node-");
    await expect.poll(() => page.locator("tbody a").allTextContents(), patience).toEqual(["w", "x", "y"]);
    await search.press("Escape");
    await expect.poll(() => new URL(page.url()).hash, patience).toBe("#/resources");
    await page.keyboard.press("j");
    await page.locator("tr.selected").waitFor();
    expect(await search.inputValue()).toBe("");
  });
});
