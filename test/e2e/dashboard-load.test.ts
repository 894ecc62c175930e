import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClientMessageInput } from "../../shared/protocol.ts";
import { hasBrowser, startBrowser } from "../support/browser.ts";
import { buildDashboard, openDashboard } from "../support/dashboard.ts";
import { startHubProcess, type HubProcess } from "../support/hub.ts";
import { connectWire } from "../support/wire.ts";

const resources = 5_000;
const changesEach = 100;
const changeMs = 50;

// From an interaction to the second frame after it, when what it changed has been drawn; in milliseconds.
const measured = (interaction: string) => `(async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const times = [];
  for (let round = 0; round < 15; round += 1) {
    await frame();
    const from = performance.now();
    ${interaction}
    await frame();
    await frame();
    times.push(performance.now() - from);
  }
  times.sort((one, other) => one - other);
  return { median: Math.round(times[7]), most: Math.round(times[14]) };
})()`;

const typing = `
    const field = document.getElementById("search");
    field.value = "item-" + round;
    field.dispatchEvent(new Event("input", { bubbles: true }));`;
const scrolling = `document.querySelector(".scroller").scrollTop = round * 9_000;`;
const sorting = `document.querySelectorAll("thead button")[round % 4].click();`;

describe.skipIf(!hasBrowser)("the dashboard beside 5,000 resources (needs Chromium)", { timeout: 240_000 }, () => {
  let browser: Browser;
  let hub: HubProcess;

  beforeAll(async () => {
    buildDashboard();
    hub = await startHubProcess();
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await hub?.stop();
  });

  it("shows them all, draws those in sight, and answers while they change", async ({ annotate }) => {
    const node = await connectWire(hub.url);
    await node.hello("node-1");
    const asks = Array.from({ length: resources }, (_, place): ClientMessageInput => {
      return { type: "acquire", id: place + 1, resource: `item-${String(place).padStart(4, "0")}` };
    });
    for (let from = 0; from < resources; from += 500) node.send(asks.slice(from, from + 500));
    await node.find((message) => message.type === "granted" && message.id === resources);

    const { page, complaints } = await openDashboard(browser, hub.httpUrl, "#/resources");
    await page.getByText("5000 of 5000").waitFor();
    expect(await page.locator("tbody tr").count()).toBeLessThan(80);

    let done = 0;
    const changing = setInterval(() => {
      done += 1;
      const progress = Array.from({ length: changesEach }, (): ClientMessageInput => {
        return { type: "progress", id: 1 + Math.floor(Math.random() * resources), done: done % 100, total: 100 };
      });
      node.send(progress);
    }, changeMs);
    // Beside the same two frames without an interaction: what the machine takes, and what the page adds.
    const figures = {
      nothing: await page.evaluate(measured("")),
      scrolling: await page.evaluate(measured(scrolling)),
      sorting: await page.evaluate(measured(sorting)),
      typing: await page.evaluate(measured(typing)),
    };
    await page.getByLabel("Search resources").fill("item-4999");
    await page.getByText("1 of 5000").waitFor();
    clearInterval(changing);
    node.terminate();
    await annotate(`from an interaction to its frame, in ms: ${JSON.stringify(figures)}`);
    expect(complaints).toEqual([]);
  });
});
