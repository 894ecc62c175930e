// `baton run`: holds a resource while a command runs. Reads the flags, asks the hub, and says how it ended.
// Knows the SDK; nothing of the wire.
import { Command, Option } from "commander";
import { defaultLimits } from "../../shared/limits.ts";
import type { Mode } from "../../shared/protocol.ts";
import type { AskOptions, Hub, Lock, Once, Queued } from "../index.ts";
import { assertNever } from "../../shared/errors.ts";
import { exitCodes } from "./exit-codes.ts";
import { absence, openHub, sayLosses } from "./open-hub.ts";
import {
  commandAfter,
  hubOptions,
  parseDuration,
  parseExitCodes,
  parseInteger,
  withHubOptions,
  type HubFlags,
} from "./options.ts";
import { duration, jsonLine, printable, say } from "./output.ts";
import { refusal, type Refusal } from "./refusal.ts";
import { resultFile } from "./result-file.ts";
import { reportLine, type RunReport } from "./run-report.ts";
import { runUnder } from "./run-work.ts";
import { exitCodeFor, Signals } from "./signals.ts";

type RunFlags = HubFlags & {
  operation: string;
  mode: Mode;
  wait?: number;
  fresh?: number;
  hold?: number;
  attempts?: number;
  limit?: number;
  grace: number;
  retryCodes: number[];
  skipExitCode: number;
};

type Plan = RunFlags & { resource: string; words: readonly string[] };

const details = `
What CMD gets: our stdin, stdout and stderr; the signals INT TERM HUP QUIT USR1 USR2 WINCH; and in its environment
  BATON_RESOURCE, BATON_OPERATION, BATON_FENCE, BATON_ATTEMPT, BATON_SESSION   what was granted
  BATON_RESULT   a file that it may write JSON to: the result that those who skip get, and print on stdout
BATON_TOKEN and BATON_NODE are not passed on: a baton that CMD runs is a node of its own. Away from a terminal CMD has a process group of its own.
A killed run frees the resource at once, unless --grace says otherwise; what CMD had started may then still run.
With --json the last line on stderr is one JSON object that says how it ended, as stdout belongs to CMD.

Examples:
  $ baton run db-migrate -- ./migrate.sh
  $ baton run build:v3 --operation build --fresh 10m --wait 1h -- sh -c 'make && echo "{\\"ok\\":true}" > $BATON_RESULT'`;

/** The command, to be added to the program. */
export function runCommand(): Command {
  const command = new Command("run")
    .description("hold a resource while a command runs; skip it if someone else succeeds meanwhile")
    .usage("[options] <resource> [options] -- <command> [args...]")
    .argument("<resource>", "what is coordinated, such as db-migrate")
    .argument("[command...]", "what is to run, without a shell; nothing of it is read as a flag of ours")
    .passThroughOptions()
    .option("--operation <word>", "what is done to the resource; only the same operation is skipped", "run")
    .addOption(
      new Option("--mode <mode>", "how the resource is shared")
        .choices(["once", "exclusive", "shared", "permit"])
        .default("once"),
    )
    .option(
      "--wait <duration>",
      "give up after that long in the queue; 0 does not queue (default: wait)",
      parseDuration,
    )
    .option("--fresh <duration>", "a success that is no older serves, too (mode once)", parseDuration)
    .option("--hold <duration>", "lose the lock after that long", parseDuration)
    .option(
      "--attempts <n>",
      "give up when n attempts have failed (mode once)",
      parseInteger(1, defaultLimits.attemptsMax),
    )
    .option("--limit <n>", "how many may hold it together (mode permit)", parseInteger(1, defaultLimits.permitsMax))
    .option("--grace <duration>", "keep the lock that long when the hub is not heard", parseDuration, 0)
    .option("--no-retry-codes <codes>", "exit codes of CMD after which nobody is to try again: 2,3", parseExitCodes, [])
    .option("--skip-exit-code <code>", "what a skip exits with", parseInteger(0, 255), exitCodes.success)
    .option("--json", "say how it ended as JSON, on stderr")
    .addHelpText("after", details);
  return withHubOptions(command).action(async (resource: string, rest: string[], _: unknown, command: Command) => {
    const words = commandAfter(command, rest);
    // Without its resource the first word of the command would be taken for it, and the rest be run.
    if (isLeftOut([resource, ...rest])) command.error("error: no resource is named before --");
    const plan = { ...command.opts<RunFlags>(), resource, words };
    const mistake = mistakeIn(plan);
    if (mistake !== undefined) command.error(`error: ${mistake}`);
    const report = await run(plan);
    tell(plan, report);
    process.exitCode = report.exitCode;
  });
}

/** Whether all of these words were said after the first `--`. */
function isLeftOut(words: readonly string[]): boolean {
  const dashes = process.argv.indexOf("--");
  return dashes !== -1 && process.argv.length - dashes - 1 === words.length;
}

/** What the flags say that makes no sense together. */
function mistakeIn({ words, mode, limit, fresh, attempts }: Plan): string | undefined {
  if (words.length === 0) return "no command is given; it goes after --, as in: baton run db-migrate -- ./migrate.sh";
  if (mode === "permit" && limit === undefined) return "--mode permit asks for --limit, how many may hold it together";
  if (mode !== "permit" && limit !== undefined) return "--limit is for --mode permit";
  if (mode !== "once" && fresh !== undefined) return "--fresh is for --mode once";
  return mode !== "once" && attempts !== undefined ? "--attempts is for --mode once" : undefined;
}

async function run(plan: Plan): Promise<RunReport> {
  using signals = new Signals();
  try {
    using file = resultFile();
    const place = hubOptions(plan);
    await using hub = await openHub(place, { graceMs: plan.grace, signal: signals.cancelled });
    const absent = absence(hub, place.url);
    const answer = await answerTo(hub, plan, place.url, AbortSignal.any([signals.cancelled, absent]));
    signals.cancelled.throwIfAborted();
    if ("exitCode" in answer) return answer;
    if ("status" in answer) return skipped(answer, plan);
    if (plan.json !== true) sayAttempt(answer);
    const { words, retryCodes: noRetryCodes } = plan;
    return await runUnder(answer, { words, noRetryCodes, signals, resultFile: file, absent });
  } catch (error) {
    const signal = signals.cancelledBy;
    if (signal === undefined) return refusal(error);
    return { status: "cancelled", exitCode: exitCodeFor(signal), signal };
  }
}

async function answerTo(hub: Hub, plan: Plan, url: string, signal: AbortSignal): Promise<Lock | Skipped | Refusal> {
  using _ = sayLosses(hub, url, plan.json === true ? () => {} : say);
  return await ask(hub, plan, signal).catch(ungranted);
}

/** Who waited has lost nothing when its session ends. */
function ungranted(error: unknown): Refusal {
  const refused = refusal(error);
  return refused.code === "SESSION_ENDED" ? { ...refused, exitCode: exitCodes.notAcquired } : refused;
}

type Skipped = Extract<Once<unknown>, { status: "skipped" }>;

function ask(hub: Hub, plan: Plan, signal: AbortSignal): Promise<Lock | Skipped> {
  const { resource, operation, mode, wait: waitMs, hold: holdMs, limit = 1 } = plan;
  const onQueued = plan.json === true ? undefined : (queued: Queued) => sayQueued(resource, queued);
  const options = { operation, waitMs, holdMs, signal, onQueued };
  switch (mode) {
    case "once":
      return askOnce(hub, plan, options);
    case "exclusive":
      return hub.lock(resource, options);
    case "shared":
      return hub.shared(resource, options);
    case "permit":
      return hub.permit(resource, { ...options, limit });
    default:
      return assertNever(mode);
  }
}

/** The grant of a `once` as a value: how it ends is said by the lock itself. */
function askOnce(hub: Hub, { resource, fresh, attempts }: Plan, options: AskOptions): Promise<Lock | Skipped> {
  const granted = Promise.withResolvers<Lock>();
  const work = (lock: Lock) => {
    granted.resolve(lock);
    return lock.lost;
  };
  const answer = async (): Promise<Lock | Skipped> => {
    const end = await hub.once(resource, { ...options, freshMs: fresh, maxAttempts: attempts }, work);
    return end.status === "skipped" ? end : granted.promise;
  };
  return Promise.race([granted.promise, answer()]);
}

function skipped({ by, fence, ageMs, result }: Skipped, { skipExitCode: exitCode }: Plan): RunReport {
  return { status: "skipped", exitCode, by, fence, ageMs, result };
}

function sayQueued(resource: string, { position, holders }: Queued): void {
  const [holder] = holders;
  const held = holder && `${printable(holder.node)} has held it for ${duration(holder.heldMs)}`;
  say(`waiting for ${printable(resource)} (position ${position}): ${held ?? "nobody holds it just now"}`);
}

function sayAttempt({ attempt, previous }: Lock): void {
  if (previous === undefined) return;
  say(`attempt ${attempt}, since ${printable(previous.node)} failed: ${printable(previous.error.message)}`);
}

/** Says how it ended; the result of a success elsewhere goes to stdout, where that of our own command would be. */
function tell({ resource, operation, mode, json }: Plan, report: RunReport): void {
  if (report.status === "skipped" && report.result !== undefined) process.stdout.write(`${jsonLine(report.result)}\n`);
  const line = reportLine(resource, report);
  if (json === true) process.stderr.write(`${jsonLine({ resource, operation, mode, ...report })}\n`);
  else if (line !== undefined) say(line);
}
