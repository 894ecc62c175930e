// Every setting of the hub in one table, and how flags, environment and file are read into one Config.
// Knows no hub: what a setting does is written where it is used.
import { Command, CommanderError, Option } from "commander";
import { defaultLimits, durationMsMax, type Limits } from "../shared/limits.ts";
import { type Entry, ConfigError, environmentEntries, fileEntries, limitEntry, quote } from "./setting-sources.ts";
import { choice, duration, type Form, host, integer, isLoopback, onOff, origins, path } from "./forms.ts";

/** The settings in force. */
export type Config = {
  host: string;
  /** 0 takes any free port. */
  port: number;
  engine: "memory" | "durable";
  /** The folder of an engine that keeps something. */
  data: string;
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
  graceMaxMs: 60_000,
  recoveryGraceMs: 30_000,
  lockDelayMs: 0,
  outcomeTtlMs: 600_000,
  heartbeatMs: 5_000,
  drainMs: 10_000,
  limits: defaultLimits,
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

/** One setting, or one bound of `limit.`. */
type Setting = {
  readonly name: string;
  readonly holder?: string | undefined;
  readonly help: string;
  readonly allowed: string;
  /** Puts a raw value into a config; false when it is not allowed. */
  apply(config: Config, raw: unknown): boolean;
  show(config: Config): string;
};

function setting<Key extends keyof Config>(name: string, key: Key, form: Form<Config[Key]>, help: string): Setting {
  const apply = (config: Config, raw: unknown) => {
    const value = form.read(raw);
    if (value !== undefined) config[key] = value;
    return value !== undefined;
  };
  return { name, holder: form.holder, help, allowed: form.allowed, apply, show: (config) => form.show(config[key]) };
}

const engine = choice(["durable", "memory"], "ENGINE", " (this version of the hub has no other engine)");
const level = choice(["debug", "info", "warn", "error", "silent"], "LEVEL");

const settings: readonly Setting[] = [
  setting("host", "host", host, "address to listen on"),
  setting("port", "port", integer(0, 65_535, "PORT"), "port to listen on, 0 for any free one"),
  setting("engine", "engine", engine, "what keeps the queues: durable, a folder; memory, nothing over a restart"),
  setting("data", "data", path, "folder of the durable engine; one hub at a time"),
  setting("origins", "origins", origins, "page origins that may connect"),
  setting("grace-max", "graceMaxMs", duration(), "longest grace that a session may ask for"),
  setting("recovery-grace", "recoveryGraceMs", duration(), "least grace of every session after a restart"),
  setting("lock-delay", "lockDelayMs", duration(), "pause before what an ended session held is granted again"),
  setting("outcome-ttl", "outcomeTtlMs", duration(), "how long a success is remembered"),
  setting("heartbeat", "heartbeatMs", duration(10), "time between two pings"),
  setting("drain", "drainMs", duration(), "time that a stopping hub gives its sockets to close"),
  setting("insecure", "insecure", onOff, "let other machines in, though nobody is asked for a token"),
  setting("log-level", "logLevel", level, "least important line to log"),
  setting("log-pretty", "logPretty", onOff, "log for people, as a terminal gets it anyway"),
];

const names = settings.map(({ name }) => name);

// Past these, what a bound protects would break inside Node: the longest string, the deepest recursion.
const limitMost: Partial<Record<keyof Limits, number>> = { frameBytesMax: 268_435_456, jsonDepthMax: 1_000 };

function limitSetting(name: keyof Limits): Setting {
  const most = limitMost[name] ?? (name.endsWith("MsMax") ? durationMsMax : Number.MAX_SAFE_INTEGER);
  const form = integer(1, most);
  const apply = (config: Config, raw: unknown) => {
    const value = form.read(raw);
    if (value !== undefined) config.limits[name] = value;
    return value !== undefined;
  };
  return {
    name: `limit.${name}`,
    help: "",
    allowed: form.allowed,
    apply,
    show: (config) => String(config.limits[name]),
  };
}

const isLimitName = (name: string): name is keyof Limits => Object.hasOwn(defaultLimits, name);
const limitNames = Object.keys(defaultLimits).filter(isLimitName);
const known: ReadonlyMap<string, Setting> = new Map(
  [...settings, ...limitNames.map(limitSetting)].map((row) => [row.name, row]),
);

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
  const { entries: fromEnvironment, warnings } = environmentEntries(env, names);
  const fromFile = typeof file === "string" ? fileEntries(file, readFile) : [];

  const config = { ...defaultConfig, limits: { ...defaultConfig.limits }, origins: [...defaultConfig.origins] };
  const sources = new Map(Array.from(known.keys(), (name) => [name, "default"]));
  for (const { name, raw, where } of [...fromFile, ...fromEnvironment, ...flagEntries(options)]) {
    const row = known.get(name);
    if (row === undefined) throw unknownSetting(name, where);
    if (!row.apply(config, raw)) throw new ConfigError(`${where} must be ${row.allowed}, not ${quote(raw)}`);
    sources.set(name, where);
  }
  refuseOpenHost(config, sources);
  if (options["printConfig"] === true) return { do: "print", text: printed(config, sources) };
  return { do: "start", config, sources, warnings };
}

function unknownSetting(name: string, where: string): ConfigError {
  if (!name.startsWith("limit.")) return new ConfigError(`${where} is no setting; they are ${names.join(", ")}, limit`);
  return new ConfigError(`${where} is no limit; they are ${limitNames.join(", ")}`);
}

function refuseOpenHost(config: Config, sources: ReadonlyMap<string, string>): void {
  if (config.insecure || isLoopback(config.host)) return;
  throw new ConfigError(
    `${sources.get("host")} ${config.host} lets other machines in, and this version of the hub has no tokens to ask them ` +
      "for; choose a loopback address (127.0.0.1, ::1, localhost), or say --insecure to let anybody in",
  );
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
    const standing = row.holder === undefined ? "" : ` (default: ${row.show(defaultConfig)})`;
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
  for (const name of names) {
    const raw = options[new Option(`--${name}`).attributeName()];
    if (raw !== undefined) entries.push({ name, raw, where: `--${name}` });
  }
  const { limit } = options;
  return Array.isArray(limit) ? [...entries, ...limit.map((pair) => limitEntry(String(pair), "--limit"))] : entries;
}

function printed(config: Config, sources: ReadonlyMap<string, string>): string {
  const rows = Array.from(known.values(), (row) => [row.name, row.show(config), sources.get(row.name) ?? ""] as const);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([name, value, source]) => `${name.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${source}`)
    .join("\n");
}
