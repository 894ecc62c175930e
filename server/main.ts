#!/usr/bin/env node
// The program `baton-hub`: arguments → config → hub → signals. Nobody imports it.
// Knows no more of the hub than how to start and stop it.
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { createLogger, type Logger, stdoutSink } from "./log.ts";
import { type RunningHub, startHub } from "./start.ts";

// npm passes a Ctrl-C on that the terminal has sent to this process already: one press, two signals.
const echoMsMax = 250;

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
  const log = createLogger({ ...config, logPretty: config.logPretty || process.stdout.isTTY }, stdoutSink());
  process.on("uncaughtException", (error) => {
    log.error({ error }, "the hub ends: it can no longer trust itself");
    process.exit(1);
  });
  for (const warning of warnings) log.warn({}, warning);
  if (config.insecure) log.warn({ host: config.host }, "insecure: whoever reaches this hub may do everything");
  const starting = startHub(config, log);
  stopOnSignals(starting, log);
  try {
    const { url, httpUrl } = await starting;
    log.info({ url, httpUrl, engine: config.engine, pid: process.pid }, `the hub answers at ${httpUrl} and ${url}`);
  } catch (error) {
    fail(startFailure(error, config));
  }
}

function stopOnSignals(starting: Promise<RunningHub>, log: Logger): void {
  let stoppingSince: number | undefined;
  const onSignal = (signal: "SIGINT" | "SIGTERM") => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now();
      log.info({ signal }, "the hub is being stopped; a second signal stops it at once");
      void stop(starting, log);
    } else if (signal === "SIGTERM" || performance.now() - stoppingSince > echoMsMax) {
      log.warn({ signal }, "the hub stops at once");
      process.exit(128 + constants.signals[signal]);
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}

async function stop(starting: Promise<RunningHub>, log: Logger): Promise<void> {
  const hub = await starting;
  await hub.close();
  log.info({}, "the hub has stopped");
  process.exit(0);
}

function startFailure(error: unknown, { host, port }: Config): string {
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
