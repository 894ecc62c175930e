// The hub's log: one JSON line an event on stdout, or lines for people. Secrets never reach it.
// Knows no event by name.
import { pino, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";
import { unprintable } from "../shared/wording.ts";
import type { Config } from "./config.ts";

/** What is known of an event beside its text. */
export type LogFields = Record<string, unknown>;

/** Where events are told: what is known of them, then what happened, in a constant text. */
export type Logger = {
  debug(fields: LogFields, text: string): void;
  info(fields: LogFields, text: string): void;
  warn(fields: LogFields, text: string): void;
  error(fields: LogFields, text: string): void;
};

/** Takes the lines, each with its line feed. */
export type LogSink = { write(line: string): void };

const textCharactersMax = 1_024;
const stackCharactersMax = 8_192;
const entriesMax = 32;
const depthMax = 4;

/**
 * Makes the log of a process.
 * @param config level and form: JSON, or lines for people
 * @param sink where lines go: stdout, or a list in a test
 */
export function createLogger({ logLevel, logPretty }: Pick<Config, "logLevel" | "logPretty">, sink: LogSink): Logger {
  const forPeople = pretty.prettyFactory({
    colorize: process.stdout.hasColors?.() ?? false,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    // What the text of the line says already.
    ignore: "url,httpUrl,pid",
  });
  const to = pino(
    {
      level: logLevel,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    logPretty ? { write: (line) => sink.write(`${forPeople(line).trimEnd()}\n`) } : sink,
  );
  return {
    debug: (fields, text) => to.debug(loggable(fields), text),
    info: (fields, text) => to.info(loggable(fields), text),
    warn: (fields, text) => to.warn(loggable(fields), text),
    error: (fields, text) => to.error(loggable(fields), text),
  };
}

const secretName = /(?:token|secret|password|authorization|cookie)$/i;
const secretInText = /\b(Bearer\s+|(?:token|secret|password)=)[^\s&"']+/gi;
// oxlint-disable-next-line no-control-regex -- it looks for them; the lines of a stack stay lines
const controlInStack = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;

/** A copy of the fields that is safe to write: no secrets, no control characters, bounded in every direction. */
export function loggable(fields: LogFields): LogFields {
  return loggableEntries(fields, depthMax);
}

function loggableEntries(value: object, depth: number): LogFields {
  const entries = Object.entries(value)
    .slice(0, entriesMax)
    .map(([name, entry]) => [text(name), secretName.test(name) ? "[hidden]" : loggableValue(entry, depth - 1)]);
  return Object.fromEntries(entries);
}

function loggableValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return text(value);
  if (typeof value === "bigint" || typeof value === "symbol") return text(String(value));
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return loggableError(value, depth);
  if (depth <= 0) return "…";
  if (Array.isArray(value)) return value.slice(0, entriesMax).map((entry) => loggableValue(entry, depth - 1));
  return loggableEntries(value, depth);
}

function loggableError(error: Error, depth: number): LogFields {
  return {
    type: text(error.name),
    message: text(error.message),
    ...("code" in error ? { code: loggableValue(error.code, 0) } : {}),
    ...(error.cause === undefined || depth <= 0 ? {} : { cause: loggableValue(error.cause, depth - 1) }),
    stack: text(error.stack ?? "", stackCharactersMax, controlInStack),
  };
}

function text(value: string, charactersMax = textCharactersMax, unwanted = unprintable): string {
  const cut = value.length > charactersMax ? `${value.slice(0, charactersMax)}…` : value;
  return cut
    .toWellFormed()
    .replace(secretInText, "$1[hidden]")
    .replace(unwanted, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}
