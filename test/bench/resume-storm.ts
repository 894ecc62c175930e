// Many sessions in a process of their own, forked with the hub's URL and their number: each time their hub is gone and they are
// told that it is there again they all come back, a few hundred at a time. Of two neighbours one holds, and one waits for it.
import { openSocket } from "./load-socket.ts";
import { prepare, prepareText } from "./prepared-message.ts";

/** What it says: everybody is there, everybody has lost the hub, everybody is back and so many found not what they had. */
export type StormSaying = { is: "there" } | { is: "alone" } | { is: "back"; tookMs: number; lost: number };

type Node = { name: string; resume: string; state: string };

const atOnce = 256;
const graceMs = 60_000;

if (import.meta.main) await main(process.argv[2] ?? "", Number(process.argv[3]));

async function main(url: string, count: number): Promise<void> {
  const nodes = Array.from({ length: count }, (_, place) => ({ name: `storm-${place}`, resume: "", state: "" }));
  let connected = 0;
  const lose = () => {
    connected -= 1;
    if (connected === 0) say({ is: "alone" });
  };
  const enter = async (act: (node: Node, place: number) => Promise<void>) => {
    const places = nodes.entries();
    const lane = async () => {
      for (const [place, node] of places) {
        await act(node, place);
        connected += 1;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
  };
  await enter((node, place) => arrive(url, node, place, lose));
  process.on("message", () => {
    const start = performance.now();
    let lost = 0;
    const back = enter(async (node) => {
      if (!(await comeBack(url, node, lose))) lost += 1;
    });
    void back.then(() => say({ is: "back", tookMs: performance.now() - start, lost }));
  });
  say({ is: "there" });
}

/** A first hello, and a request whose state is what must be found again. */
async function arrive(url: string, node: Node, place: number, lose: () => void): Promise<void> {
  const socket = await openSocket(url, "joined");
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.hearing = (type, _, bytes, start, end) => {
    if (type === "welcome") {
      const { session, secret }: Record<string, unknown> = JSON.parse(bytes.toString("utf8", start, end));
      node.resume = `,"resume":${JSON.stringify({ session, secret })}`;
      socket.say(prepare({ type: "acquire", id: 0, resource: `storm-${place >> 1}` }), 1);
    } else {
      node.state = type;
      resolve();
    }
  };
  greet(socket, node);
  await promise;
  socket.ended = once(lose);
}

/** Resumes; whether the session is there, with its request as it was. */
async function comeBack(url: string, node: Node, lose: () => void): Promise<boolean> {
  const socket = await openSocket(url, "joined");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.hearing = (type, _, bytes, start, end) => {
    if (type !== "welcome") resolve(type === node.state);
    else if (!bytes.toString("utf8", start, end).includes('"resumed":true')) resolve(false);
  };
  greet(socket, node);
  const isBack = await promise;
  socket.hearing = () => {};
  socket.ended = once(lose);
  return isBack;
}

function greet(socket: Awaited<ReturnType<typeof openSocket>>, { name, resume }: Node): void {
  socket.say(prepareText(`{"type":"hello","node":"${name}","graceMs":#${resume}}`), graceMs);
  socket.flush();
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}

function say(saying: StormSaying): void {
  process.send?.(saying);
}
