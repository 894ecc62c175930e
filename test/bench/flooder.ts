// A process that floods a server at full speed with frames of 64 KiB of one kind, never reads the answers for its own sake, and
// comes back when it is closed. Knows nothing of what that does to others.
import { once } from "node:events";
import { setImmediate as round } from "node:timers/promises";
import { WebSocket } from "ws";
import { subprotocol } from "../../shared/protocol.ts";

/** What a flood is made of. */
export type Flood = "pings" | "pairs" | "slow to read" | "not messages" | "bad acquires";

const frameBytes = 65_000;
const unsentBytesMax = 4 * frameBytes;
let lastId = 0;

const [url = "", kind = "pings"] = process.argv.slice(2);
const messages: Record<string, () => string> = {
  pings: () => '{"type":"ping"}',
  pairs: () => {
    lastId += 1;
    return `{"type":"acquire","id":${lastId},"resource":"flood-${lastId}"},{"type":"release","id":${lastId},"outcome":"none"}`;
  },
  "slow to read": () => '{"type":"cancel","id":1,"x":[[[[[[]]]]]]}',
  "not messages": () => "1",
  "bad acquires": () => '{"type":"acquire","id":1,"resource":""},{"type":"ping"}',
};

for (;;) await flood();

async function flood(): Promise<void> {
  const socket = new WebSocket(url, subprotocol, { perMessageDeflate: false });
  socket.on("error", () => {});
  const closed = once(socket, "close");
  await Promise.race([once(socket, "open"), closed]);
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: "hello", node: "flooder" }));
  lastId = 0;
  // The hub closes whoever says no messages, so this is a flood of connections: the raw echo, which closes none, is left at the
  // same point, when the answer to the first frame has come.
  if (kind === "not messages") socket.once("message", () => socket.once("message", () => socket.close()));
  while (socket.readyState === socket.OPEN) {
    if (socket.bufferedAmount < unsentBytesMax) socket.send(frame());
    await round();
  }
  await closed;
}

function frame(): string {
  const one = messages[kind];
  if (one === undefined) throw new Error(`there is no flood of ${kind}`);
  const parts: string[] = [];
  for (let bytes = 2; bytes < frameBytes;) {
    const part = one();
    bytes += part.length + 1;
    if (bytes < frameBytes) parts.push(part);
  }
  return `[${parts.join(",")}]`;
}
