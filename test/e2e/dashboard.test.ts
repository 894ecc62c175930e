import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connect, type Hub } from "../../client/index.ts";
import { hasBrowser, startBrowser } from "../support/browser.ts";
import { buildDashboard, openDashboard, seriousFaults, shown } from "../support/dashboard.ts";
import { startHubProcess, type HubProcess } from "../support/hub.ts";
import { tokenList } from "../support/token-list.ts";
import { connectWire } from "../support/wire.ts";

// A machine that is busy is no fault of the page.
const patience = { timeout: 30_000 };
const resourceView = (name: string) => `#/resource?name=${encodeURIComponent(name)}`;

/** How long after a time the page shows all of that text, in milliseconds. */
async function shownSince(fromMs: number, page: Page, ...texts: readonly string[]): Promise<number> {
  await shown(page, ...texts);
  return performance.now() - fromMs;
}

describe("the dashboard as files", { timeout: 120_000 }, () => {
  it("is asked for each time, keeps what is named by its contents, and lets nothing else in", async () => {
    buildDashboard();
    const hub = await startHubProcess();
    const index = await fetch(hub.httpUrl);
    expect(index.headers.get("cache-control")).toBe("no-cache");
    expect(index.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'; /);
    const html = await index.text();
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?:/);
    const paths = Array.from(html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g), ([, path]) => path);
    expect(paths.length).toBeGreaterThan(1);
    for (const path of paths) {
      const { status, headers } = await fetch(`${hub.httpUrl}/${path}`);
      expect([status, headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"]);
      expect(headers.get("content-type")).toMatch(/javascript|css|svg/);
    }
    const other = ["assets/", "assets/..%2f..%2fpackage.json", "assets/none.js", "index.html"];
    for (const path of other) expect((await fetch(`${hub.httpUrl}/${path}`)).status, path).toBe(404);
    await hub.stop();
  });
});

describe.skipIf(!hasBrowser)("the dashboard in a browser (needs Chromium)", { timeout: 120_000 }, () => {
  let browser: Browser;
  let hub: HubProcess;
  const nodes: Hub[] = [];
  const node = async (name: string) => {
    const opened = await connect(hub.url, { node: name });
    nodes.push(opened);
    return opened;
  };

  beforeAll(async () => {
    buildDashboard();
    hub = await startHubProcess();
    browser = await startBrowser();
  });

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((opened) => opened.close()));
    for (const context of browser.contexts()) await context.close();
  });

  afterAll(async () => {
    await browser?.close();
    await hub?.stop();
  });

  it("shows a hand-off, a failure, a crash and a skip as they happen", async ({ annotate }) => {
    const [a, b, d] = [await node("node-a"), await node("node-b"), await node("node-d")];
    const c = await connectWire(hub.url);
    await c.hello("node-c");
    const { page } = await openDashboard(browser, hub.httpUrl, resourceView("job"));
    await shown(page, "The hub has nothing of it");

    const failing = Promise.withResolvers<never>();
    // The page may be told of the grant, and show it, before the node has heard of it.
    failing.promise.catch(() => {});
    const working = Promise.withResolvers<{ bytes: number }>();
    const first = a.once("job", {}, () => failing.promise);
    await shown(page, "node-a, who has held it");
    const last = d.once("job", {}, () => working.promise);
    await shown(page, "node-d waits for node-a");
    const id = c.acquire("job");
    await shown(page, "node-c stands behind node-d");
    const done = b.once("job", {}, () => working.promise);
    await shown(page, "node-b stands behind node-c and 1 other");

    const failedAtMs = performance.now();
    failing.reject(new Error("connection reset"));
    await expect(first).rejects.toThrow("connection reset");
    const failureMs = await shownSince(failedAtMs, page, "node-d, who has held it", "second attempt");
    await shown(page, "second attempt after node-a failed: connection reset", "node-a failed after");
    const leftAtMs = performance.now();
    await Promise.all([expect(last).rejects.toThrow(), d.close()]);
    const handOffMs = await shownSince(leftAtMs, page, "node-c, who has held it", "third attempt");
    await c.find((message) => message.type === "granted" && message.id === id);
    const crashedAtMs = performance.now();
    c.terminate();
    const crashMs = await shownSince(crashedAtMs, page, "node-b, who has held it", "fourth attempt");
    const doneAtMs = performance.now();
    working.resolve({ bytes: 1 });
    await done;
    const successMs = await shownSince(doneAtMs, page, "Nobody holds it", "run by node-b", '{"bytes":1}');
    const figures = { failureMs, handOffMs, crashMs, successMs };
    const seen = Object.entries(figures).map(([name, ms]) => `${name} ${Math.round(ms)}`);
    await annotate(`seen on the page after: ${seen.join(", ")}`);
  });

  it("shows who was skipped, and the result that all were given", async () => {
    const [a, b] = [await node("node-a"), await node("node-b")];
    const { page } = await openDashboard(browser, hub.httpUrl, resourceView("build"));
    const working = Promise.withResolvers<{ digest: string }>();
    const done = a.once("build", { operation: "pull" }, () => working.promise);
    await shown(page, "node-a, who has held it");
    const skipped = b.once("build", { operation: "pull" }, () => ({ digest: "" }));
    await shown(page, "node-b waits for node-a");
    working.resolve({ digest: "sha256:f00" });
    await Promise.all([done, skipped]);
    expect((await skipped).status).toBe("skipped");
    await shown(page, "Nobody waits", "pull by node-a", '{"digest":"sha256:f00"}');
    await shown(page, "node-b was skipped: done by node-a", "node-a succeeded after");
    await page.goto(`${hub.httpUrl}/#/matrix?prefix=build`);
    await page.getByRole("img", { name: "node-b has skipped it" }).waitFor();
    await page.getByRole("img", { name: "node-a has pulled it" }).waitFor();
  });

  it("shows hostile names as text, in every view, and breaks no policy of its own", async () => {
    const names = [
      `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`,
      "'\"&amp;</title>{{7*7}}${7*7}",
      "safe\u202egnp.exe",
      "\u2066\u200f\u200bhidden",
      "x".repeat(512),
    ];
    const a = await node("<b onmouseover=alert(1)>node\u202e");
    const b = await node("</script><svg/onload=alert(1)>");
    for (const name of names) {
      const lock = await a.lock(name);
      void b.lock(name).catch(() => {});
      expect(lock.held).toBe(true);
    }
    const { page, complaints } = await openDashboard(browser, hub.httpUrl, "#/resources");
    await shown(page, "<img src=x onerror=", "safe\\u{202e}gnp.exe", "\\u{2066}\\u{200f}\\u{200b}hidden");
    for (const view of ["#/", "#/waits", "#/sessions", "#/matrix", ...names.map(resourceView)]) {
      await page.goto(`${hub.httpUrl}/${view}`);
      if (view.startsWith("#/resource?")) await shown(page, "<b onmouseover=alert(1)>node\\u{202e}, who has held it");
      else await page.waitForSelector("h1");
    }
    expect(await page.title()).toBe("Baton");
    expect(await page.locator("main img, main script, main b[onmouseover]").count()).toBe(0);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
  });

  it("[H2] takes a resource from its holder, when the word and a reason are typed", async () => {
    const [a, b] = [await node("node-a"), await node("node-b")];
    const lock = await a.lock("stuck");
    const next = b.lock("stuck");
    const { page } = await openDashboard(browser, hub.httpUrl, resourceView("stuck"));
    await shown(page, "node-b waits for node-a");
    await page.getByRole("button", { name: "Force release" }).click();
    const confirm = page.getByRole("dialog").getByRole("button", { name: "Force release" });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel("Reason").fill("its holder hangs");
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel("Type stuck").fill("stuck");
    await confirm.click();
    await expect(lock.lost).resolves.toMatchObject({ code: "LOCK_REVOKED" });
    expect((await next).held).toBe(true);
    await shown(page, "node-b, who has held it");
    await page.getByText("Released by force.").waitFor();
    await shown(page, "node-a lost it after", "by anybody: its holder hangs");
  });

  it("forgets an outcome, and kicks a session", async () => {
    const a = await node("node-a");
    await a.once("old", {}, () => 1);
    const { page } = await openDashboard(browser, hub.httpUrl, resourceView("old"));
    await page.getByRole("button", { name: "Forget" }).click();
    await page.getByLabel("Type old").fill("old");
    await page.getByRole("dialog").getByRole("button", { name: "Forget" }).click();
    await shown(page, "The hub has nothing of it");

    const lock = await a.lock("held");
    await page.goto(`${hub.httpUrl}/#/sessions?search=node-a`);
    await page.getByRole("button", { name: "Kick" }).click();
    await page.getByLabel("Reason").fill("replaced");
    await page.getByLabel("Type node-a").fill("node-a");
    await page.getByRole("dialog").getByRole("button", { name: "Kick" }).click();
    await expect(lock.lost).resolves.toMatchObject({ code: "SESSION_ENDED" });
  });

  it("shows rates and hand-off times from the hub's own figures", async () => {
    const [a, b] = [await node("node-a"), await node("node-b")];
    const { page } = await openDashboard(browser, hub.httpUrl);
    const handOff = page.getByRole("img", { name: /^Hand-off time: half within \d.* ms, 99 % within \d.* ms$/ });
    const seen = new AbortController();
    const seeing = handOff.waitFor().finally(() => seen.abort());
    while (!seen.signal.aborted) {
      const lock = await a.lock("baton");
      const next = b.lock("baton");
      await lock.release();
      await (await next).release();
    }
    await seeing;
    await page.getByRole("img", { name: /^Each second: grants [\d.]+/ }).waitFor();
  });

  it("keeps its view over a reload, and goes back where one came from", async () => {
    const a = await node("node-a");
    for (const name of ["apple", "apricot", "banana"]) await a.lock(name);
    const { page } = await openDashboard(browser, hub.httpUrl);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.keyboard.press("/");
    await page.getByLabel("Search resources").fill("ap");
    await page.getByRole("button", { name: "Held for" }).click();
    await expect.poll(() => page.locator("tbody a").count(), patience).toBe(2);
    const { hash } = new URL(page.url());
    expect(hash).toBe("#/resources?search=ap&order=held&down=1");
    await page.reload();
    await expect.poll(() => page.locator("tbody a").count(), patience).toBe(2);
    expect(await page.getByLabel("Search resources").inputValue()).toBe("ap");
    await page.getByRole("heading", { name: "Resources" }).click();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await shown(page, "node-a, who has held it");
    await page.goBack();
    await expect.poll(() => page.locator("tbody a").count(), patience).toBe(2);
    expect(new URL(page.url()).hash).toBe(hash);
  });

  it("says when it is paused, and when the hub is gone and back", async () => {
    const own = await startHubProcess();
    const { page } = await openDashboard(browser, own.httpUrl);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.keyboard.press("p");
    await page.getByText(/^Paused .* ago/).waitFor();
    await page.keyboard.press("p");
    const { port } = new URL(own.httpUrl);
    own.kill("SIGKILL");
    await own.exited;
    await page.getByText(/^Disconnected: what you see is as it was/).waitFor();
    const again = await startHubProcess({ args: ["--port", port] });
    await page.getByText("Live", { exact: true }).waitFor();
    await again.stop();
  });

  it("asks for a token where the hub wants one, keeps it in the tab alone, and says what it does not allow", async () => {
    await using tokens = await tokenList({ eve: { role: "viewer" }, ann: { role: "admin" }, bob: { role: "node" } });
    const own = await startHubProcess({ args: ["--tokens", tokens.file] });
    await using a = await connect(own.url, { node: "node-a", token: tokens.token("ann") });
    const lock = await a.lock("held");
    const { page } = await openDashboard(browser, own.httpUrl, resourceView("held"));
    const enter = async (token: string) => {
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Open the dashboard" }).click();
    };
    await enter("wrong");
    await page.getByText("The hub does not know that token.").waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await enter(tokens.token("eve"));
    await shown(page, "node-a, who has held it");
    await page.reload();
    await shown(page, "node-a, who has held it");
    expect(await page.evaluate("JSON.stringify(localStorage) + document.cookie + location.href")).not.toContain(
      "secret",
    );

    const actions = page.getByRole("button", { name: /^(Force release|Kick)$/ });
    expect(await actions.count()).toBe(0);
    await page.goto(`${own.httpUrl}/#/sessions`);
    await shown(page, "node-a");
    expect(await actions.count()).toBe(0);
    await page.getByRole("button", { name: "Sign out" }).click();
    await enter(tokens.token("ann"));
    await actions.first().waitFor();
    await page.goto(`${own.httpUrl}/${resourceView("held")}`);
    await actions.click();
    await tokens.write({ ann: { role: "viewer" }, bob: { role: "node" } });
    own.kill("SIGHUP");
    await own.logged("was read again");
    await page.getByLabel("Reason").fill("why not");
    await page.getByLabel("Type held").fill("held");
    await page.getByRole("dialog").getByRole("button", { name: "Force release" }).click();
    await page.getByRole("alert").getByText("a token of role viewer may not").waitFor();
    expect(lock.held).toBe(true);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await enter(tokens.token("bob"));
    await page.getByText("The hub shows nothing to this page").waitFor();
    await own.stop();
  });

  it("shows whoever may see some what those are, offers what rules them, and says of the others why it does not", async () => {
    const prefixes = ["ours/"];
    await using tokens = await tokenList({
      eve: { role: "viewer", prefixes },
      ann: { role: "admin", prefixes },
      root: { role: "admin" },
    });
    const own = await startHubProcess({ args: ["--tokens", tokens.file] });
    await using a = await connect(own.url, { node: "node-a", token: tokens.token("root") });
    await using theirs = await a.lock("theirs/1");
    const { page } = await openDashboard(browser, own.httpUrl, resourceView("theirs/1"));
    for (const name of ["eve", "ann"]) {
      await page.getByLabel("Token").fill(tokens.token(name));
      await page.getByRole("button", { name: "Open the dashboard" }).click();
      await shown(page, "The hub does not show it to you", 'the token is for resources that begin with "ours/" alone');
      if (name === "eve") await page.getByRole("button", { name: "Sign out" }).click();
    }
    // With nothing in sight nobody could tell what ann may do; with the first resource she may.
    await using lock = await a.lock("ours/1");
    await page.goto(`${own.httpUrl}/${resourceView("ours/1")}`);
    await page.getByRole("button", { name: "Force release" }).waitFor();
    expect([theirs.held, lock.held]).toEqual([true, true]);
    await own.stop();
  });

  it("shows one resource as it is by now when it goes on after a pause", async () => {
    const a = await node("node-a");
    const { page } = await openDashboard(browser, hub.httpUrl, resourceView("paused"));
    const told = Promise.withResolvers<void>();
    page.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => {
        if (/node-a.*"queue":/.test(String(payload))) told.resolve();
      });
    });
    await page.reload();
    await shown(page, "The hub has nothing of it");
    await page.keyboard.press("p");
    await page.getByText("this is how things stood then").waitFor();
    await using lock = await a.lock("paused");
    await told.promise;
    await shown(page, "The hub has nothing of it");
    await page.keyboard.press("p");
    await shown(page, "node-a, who has held it");
    expect(lock.held).toBe(true);
  });
});
