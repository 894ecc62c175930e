// `baton top`: the resources of a hub, live on a terminal, or once as plain rows when piped or with NO_COLOR. Knows the SDK;
// nothing of the wire.
import { Command } from "commander";
import type { Hub } from "../index.ts";
import { openHub } from "./open-hub.ts";
import { hubOptions, withHubOptions, type HubFlags } from "./options.ts";
import { mayRedraw } from "./output.ts";
import { orRefuse } from "./refusal.ts";
import { TopScreen } from "./top-screen.ts";
import { emptyView, pressed, shown, topLines, topTable } from "./top-view.ts";

const rowsMax = 10_000;
const redrawMs = 500;
const standingOut: ReadonlySet<number> = new Set([0, 2]);

/** The command, to be added to the program. */
export function topCommand(): Command {
  const command = new Command("top")
    .description(
      "watch the resources live: holders, progress, who waits and for how long (when piped or with NO_COLOR, plain rows, once)",
    )
    .argument("[prefix]", "only those whose names begin so", "");
  return withHubOptions(command).action((prefix: string, flags: HubFlags) =>
    orRefuse(false, async () => {
      await using hub = await openHub(hubOptions(flags));
      await (mayRedraw(process.stdout) ? live(hub, prefix) : once(hub, prefix));
    }),
  );
}

/** One picture, as rows that another program may read. */
async function once(hub: Hub, prefix: string): Promise<void> {
  for await (const picture of hub.watch(prefix, { limit: rowsMax })) {
    process.stdout.write(
      topTable(picture)
        .map((line) => `${line}\n`)
        .join(""),
    );
    return;
  }
}

/** One picture after the other, until a key ends it. */
async function live(hub: Hub, prefix: string): Promise<void> {
  const ending = new AbortController();
  let view = emptyView;
  const draw = () => screen.draw(topLines(view, performance.now(), screen.columns, screen.rows), standingOut);
  using screen = new TopScreen({
    pressed: (key) => {
      const next = pressed(view, key, performance.now(), screen.rows);
      if (next === undefined) return ending.abort();
      view = next;
      draw();
    },
    resized: () => draw(),
  });
  // Ages go on while nothing is heard.
  const timer = setInterval(draw, redrawMs);
  draw();
  try {
    for await (const picture of hub.watch(prefix, { limit: rowsMax, signal: ending.signal })) {
      view = shown(view, picture, performance.now());
      draw();
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    clearInterval(timer);
  }
}
