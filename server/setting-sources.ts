// Where the raw values of settings stand: the environment, the file, and pairs such as NAME=N.
// Knows the names of settings, not what is allowed in them.
import { readFileSync } from "node:fs";
import { isObject } from "../shared/json-text.ts";

/** A setting is wrong; the message is one line that says which, from where, and what is allowed. */
export class ConfigError extends Error {}

/** A raw value for a setting, and where it stands. */
export type Entry = { readonly name: string; readonly raw: unknown; readonly where: string };

/** Reads a pair `NAME=N` of `--limit` or of BATON_LIMIT. */
export function limitEntry(pair: string, where: string): Entry {
  const [, name, raw] = /^([^=]+)=(.*)$/.exec(pair.trim()) ?? [];
  if (name === undefined) throw new ConfigError(`${where} must be NAME=N, not ${quote(pair)}`);
  return { name: `limit.${name}`, raw, where: `${where} ${name}` };
}

// What `baton` reads, and what `baton run` gives its command, which may be a hub.
const othersVariables = /^BATON_(CONFIG|URL|TOKEN|NODE|CA|CERT|KEY|RESOURCE|OPERATION|FENCE|ATTEMPT|SESSION|RESULT)$/;
// What Kubernetes puts into a pod beside a service that is called baton.
const serviceVariables = /^BATON_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_\w+)$/;

/**
 * What the environment says, and what in it was ignored, a line each. An empty variable is one that is not set.
 * @param names the names of the settings: `grace-max` is read from BATON_GRACE_MAX
 */
export function environmentEntries(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): { entries: Entry[]; warnings: string[] } {
  const variables = new Map(names.map((name) => [`BATON_${name.replaceAll("-", "_").toUpperCase()}`, name]));
  const entries: Entry[] = [];
  const warnings: string[] = [];
  for (const [where, raw] of Object.entries(env)) {
    if (!where.startsWith("BATON_") || raw === undefined || raw === "") continue;
    const name = variables.get(where);
    if (where === "BATON_PORT" && raw.startsWith("tcp://")) {
      warnings.push(`${where} is ignored: ${quote(raw)} is what Kubernetes sets for a service called baton`);
    } else if (name !== undefined) entries.push({ name, raw, where });
    else if (where === "BATON_LIMIT") entries.push(...raw.split(",").map((pair) => limitEntry(pair, where)));
    else if (!othersVariables.test(where) && !serviceVariables.test(where)) {
      warnings.push(`${where} is ignored: it is no setting of this version of the hub`);
    }
  }
  return { entries, warnings };
}

/** What the file of settings says: a JSON object by the names of the settings, `limit` an object in it. */
export function fileEntries(file: string, readFile: (path: string) => string): Entry[] {
  const top = parseFile(file, readFile);
  const entries: Entry[] = [];
  for (const [name, raw] of Object.entries(top)) {
    if (name !== "limit") entries.push({ name, raw, where: `${file}: ${name}` });
    else if (!isObject(raw)) throw new ConfigError(`${file}: limit must be an object {NAME: N}, not ${quote(raw)}`);
    else {
      for (const [limit, value] of Object.entries(raw)) {
        entries.push({ name: `limit.${limit}`, raw: value, where: `${file}: limit.${limit}` });
      }
    }
  }
  return entries;
}

/**
 * The text of a file that a setting names.
 * @param what the file is, in words
 * @throws ConfigError with one line
 */
export function readSettingFile(what: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new ConfigError(`${what} ${file} cannot be read: ${why}`);
  }
}

function parseFile(file: string, readFile: (path: string) => string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFile(file));
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\s+/g, " ") : String(error);
    throw new ConfigError(`the file of settings ${file} cannot be read: ${why}`);
  }
  if (!isObject(value)) throw new ConfigError(`the file of settings ${file} must be a JSON object`);
  return value;
}

/** A raw value as a message shows it: JSON, cut. */
export function quote(raw: unknown): string {
  const text = JSON.stringify(raw) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
