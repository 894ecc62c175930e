import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { connect } from "../../client/index.ts";
import { hasBrowser, startBrowser } from "../support/browser.ts";
import { startHubProcess, type HubProcess } from "../support/hub.ts";

declare global {
  var baton: { connect: typeof connect };
}

const entry = fileURLToPath(new URL("browser-entry.ts", import.meta.url));

/** The SDK as one script, built as its users build it. */
async function bundle(): Promise<string> {
  const options = { write: false, minify: true, lib: { entry, formats: ["es" as const], fileName: "sdk" } };
  const built = await build({ configFile: false, logLevel: "error", build: options });
  const [output] = [built].flat();
  if (output === undefined || !("output" in output)) throw new Error("nothing was built");
  return output.output[0].code;
}

function serve(script: string): Promise<Server> {
  const server = createServer((request, response) => {
    const isScript = request.url === "/sdk.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><script type="module" src="/sdk.js"></script>');
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe.skipIf(!hasBrowser)("the SDK in a browser (needs Chromium)", () => {
  let server: Server;
  let hub: HubProcess;
  let origin: string;
  let script: string;

  beforeAll(async () => {
    script = await bundle();
    server = await serve(script);
    const address = server.address();
    origin = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
    hub = await startHubProcess({ args: ["--origins", origin] });
  });

  afterAll(async () => {
    await hub?.stop();
    server?.close();
  });

  it("imports nothing of Node", () => {
    expect(script).not.toMatch(/["'`]node:|\brequire\(/);
  });

  it("does work once between two pages, and skips the second with the result", async () => {
    await using browser = await startBrowser();
    const context = await browser.newContext();
    const pages = await Promise.all([context.newPage(), context.newPage()]);
    const answers = await Promise.all(
      pages.map(async (page, index) => {
        await page.goto(origin);
        await page.waitForFunction(() => globalThis.baton !== undefined);
        return page.evaluate(
          async ({ url, node }) => {
            const hub = await globalThis.baton.connect(url, { node });
            const work = () => ({ by: node });
            const done = await hub.once("from-a-page", { freshMs: 60_000 }, work);
            const lock = await hub.lock(`lock-of-${node}`);
            const { held } = lock;
            const info = await hub.info("from-a-page");
            const isForgotten = await hub.forget("nothing-of-that-name").then(
              () => true,
              () => false,
            );
            await lock.release();
            await hub.close();
            return { status: done.status, result: done.result, held, seen: info?.resource, isForgotten };
          },
          { url: hub.url, node: `page-${index}` },
        );
      }),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["done", "skipped"]);
    expect(answers[0]?.result).toEqual(answers[1]?.result);
    expect(answers.map(({ held }) => held)).toEqual([true, true]);
    expect(answers.map(({ seen }) => seen)).toEqual(["from-a-page", "from-a-page"]);
    expect(answers.map(({ isForgotten }) => isForgotten)).toEqual([false, false]);
  });

  it("is refused by a hub that does not know the page's origin", async () => {
    const stranger = await startHubProcess();
    await using browser = await startBrowser();
    const page = await browser.newPage();
    await page.goto(origin);
    await page.waitForFunction(() => globalThis.baton !== undefined);
    const refused = page.evaluate(
      (url) => globalThis.baton.connect(url, { connectTimeoutMs: 500 }).then(String, (error: unknown) => String(error)),
      stranger.url,
    );
    expect(await refused).toMatch(/cannot be reached/);
    await stranger.stop();
  });
});
