// Whether the dashboard's memory stays flat: one page beside 1,000 changing resources, minute after minute. Prints a line for
// each sample, and ends with 1 when the last third needs more than the first by over a fifth. Takes minutes, ten if unsaid.
import { setTimeout } from "node:timers/promises";
import { startBrowser } from "../support/browser.ts";
import { buildDashboard, openDashboard } from "../support/dashboard.ts";
import { startHubProcess } from "../support/hub.ts";
import { connectWire } from "../support/wire.ts";

const minutes = Number(process.argv[2] ?? 10);
const samples = 30;
const resources = 1_000;
const changeMs = 50;
const growthMax = 1.2;
const views = ["#/resources", "#/", "#/resource?name=item-7", "#/waits", "#/sessions", "#/matrix"];

buildDashboard();
const hub = await startHubProcess();
const node = await connectWire(hub.url);
await node.hello("node-1");
for (let id = 1; id <= resources; id += 1) node.send({ type: "acquire", id, resource: `item-${id}` });
const changing = setInterval(() => {
  const ids = Array.from({ length: 40 }, () => 1 + Math.floor(Math.random() * resources));
  node.send(ids.map((id) => ({ type: "progress", id, done: Math.floor(Math.random() * 100), total: 100 })));
  node.drain();
}, changeMs);

const browser = await startBrowser();
const { page } = await openDashboard(browser, hub.httpUrl);
const devTools = await page.context().newCDPSession(page);
const heaps: number[] = [];
for (let sample = 0; sample < samples; sample += 1) {
  for (const view of views) {
    await page.goto(`${hub.httpUrl}/${view}`);
    await setTimeout((minutes * 60_000) / samples / views.length);
  }
  await devTools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devTools.send("Runtime.getHeapUsage");
  const { nodes } = await devTools.send("Memory.getDOMCounters");
  heaps.push(usedSize);
  console.log(`${sample + 1}/${samples}: heap ${(usedSize / 1e6).toFixed(1)} MB, ${nodes} nodes in the page`);
}
clearInterval(changing);
await browser.close();
node.terminate();
await hub.stop();

const third = Math.floor(samples / 3);
const middle = (values: number[]) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
const growth = middle(heaps.slice(-third)) / middle(heaps.slice(0, third));
console.log(`the last third takes ${growth.toFixed(2)} times what the first did`);
process.exitCode = growth > growthMax ? 1 : 0;
