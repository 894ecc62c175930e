// The settings in force, and how flags, environment and file are read into them. Knows no setting's form, and no hub.
import { Command, CommanderError, Option } from "commander";
import { defaultLimits, type Limits } from "../shared/limits.ts";
import { refuseConflicts } from "./setting-conflicts.ts";
import { type Entry, ConfigError, environmentEntries, fileEntries, limitEntry, quote } from "./setting-sources.ts";
import { limitNames, settingNames, settings, settingsByName } from "./settings.ts";

/** The settings in force. */
export type Config = {
  host: string;
  /** 0 takes any free port. */
  port: number;
  engine: "memory" | "durable" | "etcd";
  /** The folder of an engine that keeps something. */
  data: string;
  /** The endpoints of the etcd engine, and how it is spoken to; the files are in PEM form. */
  etcd: string[];
  etcdPrefix: string;
  etcdUser: string | undefined;
  etcdPassword: string | undefined;
  etcdCa: string | undefined;
  etcdCert: string | undefined;
  etcdKey: string | undefined;
  /** The longest grace that a session may have [S4]. */
  graceMaxMs: number;
  /** What a session has at least to resume after a restart of the hub [B6]. */
  recoveryGraceMs: number;
  /** How long nobody is granted what an ended session held [S6]. */
  lockDelayMs: number;
  /** How long the last success of a resource is remembered [O6]. */
  outcomeTtlMs: number;
  /** Between two pings of the hub [S2]. */
  heartbeatMs: number;
  /** What a stopping hub gives its sockets to close. */
  drainMs: number;
  /** Every bound [B1]. */
  limits: Limits;
  /** The file of tokens; nobody is asked for one without it or `jwks`. */
  tokens: string | undefined;
  /** The URL or the file of a key set. */
  jwks: string | undefined;
  jwtAudience: string | undefined;
  jwtIssuer: string | undefined;
  /** Files in PEM form. */
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  tlsCa: string | undefined;
  /** The page origins that may connect beside the hub's own. */
  origins: string[];
  /** Whether a host that is not loopback is accepted though nobody is asked for a token. */
  insecure: boolean;
  logLevel: "debug" | "info" | "warn" | "error" | "silent";
  logPretty: boolean;
};

/** What is in force where nothing else is said. */
export const defaultConfig: Config = {
  host: "127.0.0.1",
  port: 7420,
  engine: "durable",
  data: "./baton-data",
  etcd: [],
  etcdPrefix: "/baton/",
  etcdUser: undefined,
  etcdPassword: undefined,
  etcdCa: undefined,
  etcdCert: undefined,
  etcdKey: undefined,
  graceMaxMs: 60_000,
  recoveryGraceMs: 30_000,
  lockDelayMs: 0,
  outcomeTtlMs: 600_000,
  heartbeatMs: 5_000,
  drainMs: 10_000,
  limits: defaultLimits,
  tokens: undefined,
  jwks: undefined,
  jwtAudience: undefined,
  jwtIssuer: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
  tlsCa: undefined,
  origins: [],
  insecure: false,
  logLevel: "info",
  logPretty: false,
};

export { ConfigError };

/** What the command line asks for: a hub, or a text to print and no hub. */
export type Reading =
  | {
      do: "start";
      config: Config;
      /** Where each setting came from: `--port`, `BATON_PORT`, `baton.json: port` or `default`. */
      sources: ReadonlyMap<string, string>;
      /** What was ignored and why, a line each. */
      warnings: readonly string[];
    }
  | { do: "print"; text: string }
  | { do: "version" };

/**
 * Reads the settings: flags before environment before file before defaults; bounds are merged name by name.
 * @param argv the arguments after the program's name
 * @param env the environment; only BATON_* is looked at
 * @param readFile gives the text of a file, or throws
 * @throws ConfigError with one line: which setting, from where, what is allowed
 */
export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): Reading {
  const command = commandLine();
  const options = parse(command, argv);
  if (options["help"] === true) return { do: "print", text: command.helpInformation() + helpNote };
  if (options["version"] === true) return { do: "version" };
  const file = options["config"] ?? (env["BATON_CONFIG"] || undefined);
  const { entries: fromEnvironment, warnings } = environmentEntries(env, settingNames);
  const fromFile = typeof file === "string" ? fileEntries(file, readFile) : [];

  const config = { ...defaultConfig, limits: { ...defaultConfig.limits }, origins: [...defaultConfig.origins] };
  const sources = new Map(Array.from(settingsByName.keys(), (name) => [name, "default"]));
  for (const { name, raw, where } of [...fromFile, ...fromEnvironment, ...flagEntries(options)]) {
    const row = settingsByName.get(name);
    if (row === undefined) throw unknownSetting(name, where);
    if (!row.apply(config, raw)) throw new ConfigError(`${where} must be ${row.allowed}, not ${quote(raw)}`);
    sources.set(name, where);
  }
  refuseConflicts(config, sources);
  if (options["printConfig"] === true) return { do: "print", text: printed(config, sources) };
  return { do: "start", config, sources, warnings };
}

function unknownSetting(name: string, where: string): ConfigError {
  if (!name.startsWith("limit."))
    return new ConfigError(`${where} is no setting; they are ${settingNames.join(", ")}, limit`);
  return new ConfigError(`${where} is no limit; they are ${limitNames.join(", ")}`);
}

function commandLine(): Command {
  const command = new Command("baton-hub")
    .description(
      "The Baton hub: one node does the work, the others are told to skip; when it fails, the next takes over.",
    )
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .helpOption(false);
  for (const row of settings) {
    const flag = row.holder === undefined ? `--${row.name}` : `--${row.name} <${row.holder}>`;
    const standing =
      row.holder === undefined || row.show(defaultConfig) === "" ? "" : ` (default: ${row.show(defaultConfig)})`;
    command.addOption(new Option(flag, row.help + standing));
  }
  return command
    .addOption(new Option("--limit <NAME=N>", "a bound, repeatable; --print-config lists them").argParser(collect))
    .addOption(new Option("--config <FILE>", "read settings from a JSON file whose keys are the names above"))
    .addOption(new Option("--print-config", "print every setting and where it came from, and end"))
    .addOption(new Option("--version", "print the version, and end"))
    .addOption(new Option("-h, --help", "print this, and end"));
}

const collect = (value: string, before: string[] = []) => [...before, value];

const helpNote = `
Each setting may also stand in the environment (--grace-max as BATON_GRACE_MAX) or in the file
({"grace-max": "30s", "limit": {"sessionsMax": 100}}). A flag goes before the environment, and that before the file.`;

function parse(command: Command, argv: readonly string[]): Record<string, unknown> {
  try {
    return command.parse(argv, { from: "user" }).opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new ConfigError(error.message.replace(/^error: /, "").replace(/\s+/g, " "));
  }
}

function flagEntries(options: Record<string, unknown>): Entry[] {
  const entries: Entry[] = [];
  for (const name of settingNames) {
    const raw = options[new Option(`--${name}`).attributeName()];
    if (raw !== undefined) entries.push({ name, raw, where: `--${name}` });
  }
  const { limit } = options;
  return Array.isArray(limit) ? [...entries, ...limit.map((pair) => limitEntry(String(pair), "--limit"))] : entries;
}

function printed(config: Config, sources: ReadonlyMap<string, string>): string {
  const rows = Array.from(
    settingsByName.values(),
    (row) => [row.name, row.show(config), sources.get(row.name) ?? ""] as const,
  );
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([name, value, source]) => `${name.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${source}`)
    .join("\n");
}
