// The program `baton-hub`: arguments → config → hub → signals. Only main.ts imports it.
// Knows no more of the hub than how to start and stop it.
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { JournalError } from "./engine/journal.ts";
import { createLogger, type Logger } from "./log.ts";
import { startHub } from "./start.ts";
import { openStdout } from "./stdout.ts";

// npm passes a Ctrl-C on that the terminal has sent to this process already: one press, two signals.
const echoMsMax = 250;
// A reader of the log that does not read cannot keep a stopped hub from ending.
const flushMsMax = 1_000;

type Signal = "SIGINT" | "SIGTERM" | "SIGHUP";
const ends: readonly Signal[] = ["SIGINT", "SIGTERM"];

try {
  const reading = readConfig(process.argv.slice(2), process.env, (path) => readFileSync(path, "utf8"));
  if (reading.do === "print") process.stdout.write(`${reading.text}\n`);
  else if (reading.do === "version") process.stdout.write(`${version()}\n`);
  else await run(reading.config, reading.warnings);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  fail(error.message);
}

async function run(config: Config, warnings: readonly string[]): Promise<void> {
  const stdout = openStdout();
  const form = { logLevel: config.logLevel, logPretty: config.logPretty || process.stdout.isTTY };
  const log = createLogger(form, stdout);
  const lastWords = createLogger(form, { write: (line) => stdout.writeNow(line) });
  process.on("uncaughtException", (error) => {
    if (error instanceof JournalError)
      lastWords.error({ why: error.message }, "the hub ends: it can keep nothing more");
    else lastWords.error({ error }, "the hub ends: it can no longer trust itself");
    process.exit(1);
  });
  for (const warning of warnings) log.warn({}, warning);
  if (config.insecure && asksNobody(config))
    log.warn({ host: config.host }, "insecure: whoever reaches this hub may do everything");
  const starting = startHub(config, log);
  const onHangUp = hangUp(config, process.stdout.isTTY);
  if (onHangUp === "stay")
    process.on("SIGHUP", () => log.info({}, "SIGHUP: there are no tokens and no certificate to read again"));
  stopOnSignals(onHangUp === "stop" ? [...ends, "SIGHUP"] : ends, log, lastWords, async () => {
    const hub = await starting;
    await hub.close();
    log.info({}, "the hub has stopped");
    await stdout.flush(flushMsMax);
    process.exit(0);
  });
  const { url, httpUrl, reload } = await starting.catch((error: unknown) => fail(startFailure(error, config)));
  if (onHangUp === "reload") process.on("SIGHUP", reload);
  // Said at any level: with --port 0 nobody else knows the port.
  const firstWords = createLogger({ ...form, logLevel: "info" }, stdout);
  firstWords.info(
    { url, httpUrl, engine: config.engine, pid: process.pid },
    `the hub answers at ${httpUrl} and ${url} ${asked(config)}`,
  );
}

function asksNobody({ tokens, jwks }: Config): boolean {
  return tokens === undefined && jwks === undefined;
}

/** What SIGHUP is for: where there is nothing to read again, a terminal says by it that it was closed. */
function hangUp(config: Config, isTerminal: boolean): "reload" | "stop" | "stay" {
  if (!asksNobody(config) || config.tlsCert !== undefined) return "reload";
  return isTerminal ? "stop" : "stay";
}

function asked({ tokens, jwks }: Config): string {
  if (tokens !== undefined) return `to those with a token of ${tokens}`;
  return jwks === undefined ? "to anybody: it asks for no token" : `to those with a token signed by a key of ${jwks}`;
}

/** The first signal stops the hub in good order, the second ends the process. */
function stopOnSignals(signals: readonly Signal[], log: Logger, lastWords: Logger, stop: () => Promise<void>): void {
  let stoppingSinceMs: number | undefined;
  const onSignal = (signal: Signal) => {
    if (stoppingSinceMs === undefined) {
      stoppingSinceMs = performance.now();
      log.info({ signal }, "the hub is being stopped; a second signal stops it at once");
      void stop();
    } else if (signal === "SIGTERM" || performance.now() - stoppingSinceMs > echoMsMax) {
      lastWords.warn({ signal }, "the hub stops at once");
      process.exit(128 + constants.signals[signal]);
    }
  };
  for (const signal of signals) process.on(signal, () => onSignal(signal));
}

function startFailure(error: unknown, { host, port }: Config): string {
  if (error instanceof JournalError || error instanceof ConfigError) return error.message;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} of ${host} is taken: another program listens there; stop it or choose another with --port`;
    case "EACCES":
      return `this user may not listen on port ${port} of ${host}; choose one from 1024 on with --port`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${host} is no address of this machine; choose another with --host`;
    default:
      throw error;
  }
}

/** Ends the process with one line on stderr. */
function fail(line: string): never {
  process.stderr.write(`baton-hub: ${line}\n`);
  process.exit(1);
}

function version(): string {
  const file: unknown = JSON.parse(readFileSync(fileURLToPath(import.meta.resolve("baton-hub/package.json")), "utf8"));
  return typeof file === "object" && file !== null && "version" in file ? String(file.version) : "unknown";
}
