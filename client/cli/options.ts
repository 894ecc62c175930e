// The flags that several commands share, and how a flag's value is read. Knows no command.
import { hostname } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { durationMsMax } from "../../shared/limits.ts";
import type { TrustFiles } from "./trust.ts";

/** Where the hub is, and as whom to speak to it. */
export type HubOptions = TrustFiles & { url: string; token?: string; node: string };

const defaultUrl = "ws://127.0.0.1:7420";

/** The flags of every command, as they were given. */
export type HubFlags = TrustFiles & { url?: string; token?: string; node?: string; json?: boolean };

/** Adds `--url`, `--token`, `--node`, `--ca`, `--cert` and `--key`, and the environment that stands behind them. */
export function withHubOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--url <url>", `the hub, or several over one etcd: ws://a,ws://b (default: ${defaultUrl})`).env(
        "BATON_URL",
      ),
    )
    .addOption(new Option("--token <token>", "what the hub knows you by").env("BATON_TOKEN"))
    .addOption(new Option("--node <name>", "this node's name (default: host name and pid)").env("BATON_NODE"))
    .addOption(new Option("--ca <file>", "certificates to trust, in place of the system's (PEM)").env("BATON_CA"))
    .addOption(new Option("--cert <file>", "own certificate, for a hub that asks for one (PEM)").env("BATON_CERT"))
    .addOption(new Option("--key <file>", "private key of --cert (PEM)").env("BATON_KEY"));
}

/** What those flags say; an empty variable counts as unset, as shells and CI files leave them. */
export function hubOptions(given: HubFlags): HubOptions {
  const place = { url: given.url || defaultUrl, node: given.node || `${hostname()}-${process.pid}` };
  const { token, ca, cert, key } = given;
  return { ...place, ...(token && { token }), ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

const unitsMs = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Reads `500ms`, `30s`, `5m`, `1h` or `0`, at most 24 h [B4]; gives milliseconds. */
export function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const milliseconds = text === "0" ? 0 : Number(digits) * (unitsMs.get(unit ?? "") ?? Number.NaN);
  if (milliseconds <= durationMsMax) return milliseconds;
  throw new InvalidArgumentError("Allowed is a duration from 0 to 24h, such as 500ms, 30s, 5m or 1h.");
}

/** A reader of integers within two bounds. */
export function parseInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Allowed is an integer from ${min} to ${max}.`);
  };
}

/** Reads exit codes that mean failure, separated by commas: `2,3`. */
export function parseExitCodes(text: string): number[] {
  const codes = text.split(",").map((code) => (/^\d{1,3}$/.test(code) ? Number(code) : Number.NaN));
  if (codes.every((code) => code >= 1 && code <= 255)) return codes;
  throw new InvalidArgumentError("Allowed are exit codes from 1 to 255, separated by commas, such as 2,3.");
}

/**
 * Splits what stands after RESOURCE into our own flags, which are applied to `command`, and the command to run, of which
 * nothing is read: it starts after `--`, or at the first word that is no flag.
 */
export function commandAfter(command: Command, words: readonly string[]): string[] {
  const { operands, unknown } = command.parseOptions([...words]);
  const [stranger] = unknown;
  if (stranger === "--help" || stranger === "-h") command.help();
  if (stranger !== undefined) command.error(`error: unknown option '${stranger}' (the command to run goes after --)`);
  return operands;
}
