// `baton show`: one resource whole, and in one sentence why it is waiting. Knows the SDK; nothing of the wire.
import { Command } from "commander";
import { BatonError, type Progress, type ResourceView } from "../index.ts";
import { openHubPages } from "./open-hub.ts";
import { hubOptions, withHubOptions, type HubFlags } from "./options.ts";
import { counted, duration, jsonLine, printable, shortJson, table } from "./output.ts";
import { orRefuse } from "./refusal.ts";

/** The command, to be added to the program. */
export function showCommand(): Command {
  const command = new Command("show")
    .description("show who holds a resource, who waits for it and why, and what was last done to it")
    .argument("<resource>", "its name")
    .option("--json", "one JSON object on stdout: the hub's view, and `why`");
  return withHubOptions(command).action((resource: string, flags: HubFlags) =>
    orRefuse(flags.json === true, () => show(resource, flags)),
  );
}

async function show(resource: string, flags: HubFlags): Promise<void> {
  const hub = openHubPages(hubOptions(flags));
  const view = await hub.info(resource);
  // Of what is free the hub keeps nothing [Q8]: whether it is free or mistyped, nobody can tell.
  if (view === undefined) throw new BatonError("NOT_FOUND", `${resource} is not held, awaited or remembered`);
  process.stdout.write(flags.json === true ? `${jsonLine({ ...view, why: whyWaiting(view) })}\n` : description(view));
}

const resultLengthMax = 200;

/** The resource as a page of text: state, the sentence, holders, queue, outcome, delay. */
export function description(view: ResourceView): string {
  const facts = [
    ["Name:", printable(view.resource)],
    ["Holding:", view.limit === undefined ? String(view.holding) : `${view.holding} of ${view.limit} permits`],
    ["Waiting:", String(view.waiting)],
    ["Delay:", view.delayedMs === undefined ? "none" : `granted to nobody for another ${duration(view.delayedMs)}`],
    ["Outcome:", outcome(view)],
    ["Why:", whyWaiting(view)],
  ];
  const width = Math.max(...facts.map(([label = ""]) => label.length)) + 2;
  const head = facts.map(([label = "", value]) => `${label.padEnd(width)}${value}\n`).join("");
  return head + holders(view) + queue(view);
}

function outcome({ outcome }: ResourceView): string {
  if (outcome === undefined) return "none remembered";
  const who = `${printable(outcome.operation)} succeeded on ${printable(outcome.node)} ${duration(outcome.ageMs)} ago`;
  const result = outcome.result === undefined ? "" : `, result ${shortJson(outcome.result, resultLengthMax)}`;
  return `${who}, fence ${outcome.fence}${result}`;
}

function holders(view: ResourceView): string {
  if (view.holders.length === 0) return "";
  const rows = view.holders.map((holder) => [
    printable(holder.node),
    printable(holder.operation),
    holder.mode,
    duration(holder.heldMs),
    String(holder.fence),
    String(holder.attempt),
    progressText(holder.progress) || "-",
    printable(holder.session),
  ]);
  const headings = ["NODE", "OPERATION", "MODE", "HELD", "FENCE", "ATTEMPT", "PROGRESS", "SESSION"];
  return `Holders:\n${table(headings, rows, "  ")}${rest(view.holding - rows.length)}`;
}

function queue(view: ResourceView): string {
  if (view.queue.length === 0) return "";
  const rows = view.queue.map((waiter, index) => [
    String(index + 1),
    printable(waiter.node),
    printable(waiter.operation),
    waiter.mode,
    duration(waiter.waitedMs),
    waiter.detached ? "detached" : "connected",
    printable(waiter.session),
  ]);
  const headings = ["POSITION", "NODE", "OPERATION", "MODE", "WAITED", "SOCKET", "SESSION"];
  return `Queue:\n${table(headings, rows, "  ")}${rest(view.waiting - rows.length)}`;
}

function rest(count: number): string {
  return count > 0 ? `  and ${count} more\n` : "";
}

/** What a holder said of its work: `5 of 10 (50%), unpacking`; empty when it said nothing. */
function progressText(progress: Progress | undefined): string {
  if (progress === undefined) return "";
  const { done, total, note } = progress;
  const parts = [];
  if (done !== undefined && total !== undefined) {
    parts.push(total > 0 ? `${done} of ${total} (${Math.floor((done / total) * 100)}%)` : `${done} of ${total}`);
  } else if (done !== undefined) parts.push(`${done} done`);
  else if (total !== undefined) parts.push(`${total} to do`);
  if (note !== undefined) parts.push(printable(note));
  return parts.join(", ");
}

/** The answer to "why is this waiting?": one sentence, by the rules [Q1][Q2][S5][O2][S6]. */
export function whyWaiting(view: ResourceView): string {
  const [head] = view.queue;
  if (head === undefined) {
    return view.holding === 0 ? "Nobody holds it and nobody waits: it is free." : "Nobody waits for it.";
  }
  const first = `${printable(head.node)} (${printable(head.operation)}, ${head.mode}) is first in line`;
  const others = view.waiting > 1 ? ` and ${counted(view.waiting - 1, "other")} behind it` : "";
  const who = `${first}, for ${duration(head.waitedMs)}${others},`;
  if (view.delayedMs !== undefined) {
    const cause = "since its last holder failed and asked for a pause, or its session ended without a bye";
    return `${who} and waits out a delay of another ${duration(view.delayedMs)}, ${cause}.`;
  }
  if (view.holding > 0) return `${who} and waits for ${holding(view)}.`;
  if (view.queue.every((waiter) => waiter.detached) && view.queue.length === view.waiting) {
    return `${who} but no waiter is connected just now: it is granted when one is back, or freed when their grace ends.`;
  }
  return `${who} and is about to be granted.`;
}

function holding(view: ResourceView): string {
  const [holder] = view.holders;
  const [head] = view.queue;
  if (holder === undefined) return counted(view.holding, "holder");
  const said = progressText(holder.progress);
  const longest = `${printable(holder.node)}, which has held it for ${duration(holder.heldMs)}`;
  if (holder.mode === "permit" && head?.mode === "permit") {
    return `a permit, of which ${view.holding} of ${view.limit ?? view.holding} are held, the first by ${longest}`;
  }
  if (view.holding === 1) {
    return `${longest} (${printable(holder.operation)}, ${holder.mode})${said === "" ? "" : ` and reports ${said}`}`;
  }
  return `all ${counted(view.holding, `${holder.mode} holder`)} to leave, the first of them ${longest}`;
}
