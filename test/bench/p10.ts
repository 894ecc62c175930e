// P10: 10,000 sessions come back to a durable hub that was killed and started again: how long until the last is back, how many
// found not what they had, what an unrelated grant takes meanwhile; and how long a hub takes to start with 100,000 live requests.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bench, Plan } from "./bench.ts";
import type { Figure, Goal } from "./figure.ts";
import { openSession } from "./load-socket.ts";
import { prepare } from "./prepared-message.ts";
import type { StormSaying } from "./resume-storm.ts";
import { quantile, spreadOf } from "./rounds.ts";
import { startServer } from "./server-process.ts";
import { startUpFigures } from "./start-up.ts";

const sessions = 10_000;
const storm = fileURLToPath(new URL("./resume-storm.ts", import.meta.url));

type Sample = { backMs: number; lost: number; grantP99Ms: number };

/** P10. */
export const p10: Bench = {
  id: "P10",
  run: async (plan) => {
    const folder = await mkdtemp(join(tmpdir(), "baton-bench-"));
    try {
      const samples = await resumptions(plan, folder);
      const back = samples.map(({ backMs }) => backMs);
      const lost = samples.map(({ lost }) => lost);
      const grants = samples.map(({ grantP99Ms }) => grantP99Ms);
      return [
        figure("10,000 sessions resume, last one back", "ms", back, 10_000),
        figure("of them without what they had", "sessions", lost, 0),
        figure("unrelated grant meanwhile, p99", "ms", grants, 50),
        ...(await startUpFigures(plan, folder)),
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

/** A figure that has to stay below a bound. */
export function figure(what: string, unit: string, values: readonly number[], most: number): Figure {
  const goal: Goal = { of: "value", bound: "at most", number: most };
  return { id: "P10", what, unit, value: spreadOf(values), goal };
}

async function resumptions({ rounds, hub }: Plan, folder: string): Promise<Sample[]> {
  const data = ["--data", join(folder, "sessions")];
  let server = await startServer(hub("durable", ...data));
  const { port } = new URL(server.url);
  const child = fork(storm, [server.url, String(sessions)]);
  const samples: Sample[] = [];
  try {
    await hear(child, "there");
    // The first is to warm up.
    for (let round = 0; round <= rounds; round += 1) {
      const isAlone = hear(child, "alone");
      await server.kill();
      await isAlone;
      server = await startServer(hub("durable", ...data, "--port", port));
      const back = hear(child, "back");
      child.send("back");
      const grantP99Ms = await grantP99Until(server.url, back);
      const { tookMs, lost } = await back;
      if (round > 0) samples.push({ backMs: tookMs, lost, grantP99Ms });
    }
  } finally {
    child.kill();
    await server.kill();
  }
  return samples;
}

/** One who asks for a resource of its own, over and over, until it is over; the p99 of what a grant takes, in milliseconds. */
async function grantP99Until(url: string, over: Promise<unknown>): Promise<number> {
  const socket = await openSession(url);
  const acquire = prepare({ type: "acquire", id: 0, resource: "unrelated" });
  const release = prepare({ type: "release", id: 0, outcome: "none" });
  const tookMs: number[] = [];
  const watch = { isOver: false };
  void over.then(() => (watch.isOver = true));
  for (let id = 1; !watch.isOver; id += 1) {
    const start = performance.now();
    await new Promise<void>((resolve) => {
      socket.hearing = (type) => {
        if (type === "granted") {
          tookMs.push(performance.now() - start);
          socket.say(release, id);
        } else resolve();
      };
      socket.say(acquire, id);
      socket.flush();
    });
  }
  socket.close();
  return quantile(
    tookMs.toSorted((one, other) => one - other),
    0.99,
  );
}

async function hear<Is extends StormSaying["is"]>(child: ChildProcess, is: Is) {
  type Heard = Extract<StormSaying, { is: Is }>;
  const isIt = (saying: StormSaying): saying is Heard => saying.is === is;
  for (;;) {
    const [saying]: StormSaying[] = await once(child, "message");
    if (saying !== undefined && isIt(saying)) return saying;
  }
}
