// A node as a process, which holds a resource and is told by lines of JSON on stdin what to do with it; it says what happens by
// lines on stdout, with the microseconds of the machine's monotonic clock. Arguments: the hub's URL, node, grace, resource,
// the file of the guard. Every few milliseconds it notes what it believes.
import { createInterface } from "node:readline";
import { connect, type Lock } from "../../client/index.ts";
import { FenceGuard, StaleFenceError } from "../../client/fence/index.ts";
import { assertNever } from "../../shared/errors.ts";

/** What a holder can be told. */
export type Order =
  /** Ask for the resource; comes first. */
  | { do: "lock" }
  /** Look at the lock. */
  | { do: "ask" }
  /** Stand still for that long, then look at the lock before anything else. */
  | { do: "block"; ms: number }
  /** Write with the fence that the lock gives, or with the one that it gave at first. */
  | { do: "write"; blindly: boolean }
  | { do: "tell notes" }
  | { do: "release" };

/** What it believed at that time: without asking, as far as it was told by then; and by asking. */
export type Note = { atUs: number; untold: boolean; asked: boolean };

/** What a holder says. */
export type Saying = { atUs: number } & (
  | { is: "connected" | "disconnected" | "resumed" | "renewed" | "queued" }
  | { is: "granted"; fence: number }
  | { is: "holding"; fence: number }
  | { is: "over"; code: string; message: string }
  | { is: "accepted"; fence: number }
  | { is: "refused"; fence: number; highest: number }
  | { is: "notes"; notes: Note[] }
  | { is: "released" }
);

const [url = "", node = "", grace = "", resource = "", file = ""] = process.argv.slice(2);
const noteEveryMs = 10;

const nowUs = () => Number(process.hrtime.bigint() / 1_000n);
type Untimed<Timed> = Timed extends Saying ? Omit<Timed, "atUs"> : never;
const say = (saying: Untimed<Saying>, atUs = nowUs()) =>
  void process.stdout.write(`${JSON.stringify({ atUs, ...saying })}\n`);

const hub = await connect(url, {
  node,
  graceMs: Number(grace),
  on: {
    connected: () => say({ is: "connected" }),
    disconnected: () => say({ is: "disconnected" }),
    resumed: () => say({ is: "resumed" }),
    renewed: () => say({ is: "renewed" }),
  },
});
using guard = new FenceGuard({ file });
const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
await nextOrder();
const lock = await hub.lock(resource, { onQueued: () => say({ is: "queued" }) });
const { fence: firstFence, signal } = lock;
say({ is: "granted", fence: firstFence });

const notes: Note[] = [];
const noteDown = () => {
  const note = { atUs: nowUs(), untold: !signal.aborted };
  notes.push({ ...note, asked: lock.held });
};
const noting = setInterval(noteDown, noteEveryMs);
while (await isCarriedOut());
clearInterval(noting);
await lock.release();
say({ is: "released" });
await hub.close();

async function nextOrder(): Promise<Order> {
  const { value } = await orders.next();
  return JSON.parse(value ?? '{"do":"release"}');
}

/** Does what it is told; false when it is to let go. */
async function isCarriedOut(): Promise<boolean> {
  const order = await nextOrder();
  switch (order.do) {
    case "lock":
      return true;
    case "ask":
      ask(lock);
      return true;
    case "block":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.ms);
      noteDown();
      ask(lock);
      return true;
    case "write":
      write(lock, order.blindly);
      return true;
    case "tell notes":
      say({ is: "notes", notes });
      return true;
    case "release":
      return false;
    default:
      return assertNever(order);
  }
}

function ask(held: Lock): void {
  const atUs = nowUs();
  try {
    say({ is: "holding", fence: held.fence }, atUs);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    say({ is: "over", code, message: String(error) }, atUs);
  }
}

function write(held: Lock, blindly: boolean): void {
  try {
    const fence = blindly ? firstFence : held.fence;
    guard.check(resource, fence);
    say({ is: "accepted", fence });
  } catch (error) {
    if (error instanceof StaleFenceError) say({ is: "refused", fence: error.fence, highest: error.highest });
    else say({ is: "over", code: "", message: String(error) });
  }
}
