// The file of tokens: JSON, a list of who may come in by which token. Knows the digests of tokens and no token; says of a bad
// file what is wrong and where, and nothing that could be one.
import { createHash } from "node:crypto";
import { isObject } from "../shared/json-text.ts";
import { isName } from "../shared/text.ts";
import { accessNameBytesMax, type Role } from "./access.ts";
import { ConfigError } from "./setting-sources.ts";

/** One token, by its SHA-256. */
export type TokenEntry = {
  readonly name: string;
  /** In lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly role: Role;
  readonly prefixes: readonly string[];
  /** Until when it is good, in milliseconds since 1970; for ever unless said. */
  readonly expires: number | undefined;
};

const prefixBytesMax = 512;
const prefixesMax = 1_000;
const keys: ReadonlySet<string> = new Set(["name", "sha256", "sha-256", "role", "prefixes", "expires"]);
const form = '{"name", "sha256", "role", "prefixes"?, "expires"?}';

/** The SHA-256 of a token, as an entry has it. */
export function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/**
 * Reads the text of a file of tokens.
 * @param file its name, for what is said of it
 * @throws ConfigError with one line: which entry, what is wrong with it, what is allowed
 */
export function readTokens(text: string, file: string): TokenEntry[] {
  const list = listIn(text, file);
  const digests = new Set<string>();
  return list.map((raw, index) => {
    const entry = readEntry(raw, `${file}: token ${index + 1}`);
    if (digests.has(entry.sha256)) throw new ConfigError(`${file}: token ${index + 1} is in the list already`);
    digests.add(entry.sha256);
    return entry;
  });
}

function listIn(text: string, file: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // What the parser says quotes the text, and may quote a token.
    const [place = ""] = / \(line \d+ column \d+\)/.exec(String(error)) ?? [];
    throw new ConfigError(`the file of tokens ${file} is no JSON${place}`);
  }
  const list = isObject(value) && Object.keys(value).length === 1 ? value["tokens"] : value;
  if (Array.isArray(list)) return list;
  throw new ConfigError(`the file of tokens ${file} must be a JSON list of ${form}, or {"tokens": that list}`);
}

function readEntry(raw: unknown, where: string): TokenEntry {
  if (!isObject(raw)) throw new ConfigError(`${where} must be an object ${form}`);
  const stranger = Object.keys(raw).find((key) => !keys.has(key));
  // Not said by its name: whoever puts a token there may put it anywhere.
  if (stranger !== undefined) throw new ConfigError(`${where} has a key that is none of ${form}`);
  const { name, role, prefixes = [""] } = raw;
  if (typeof name !== "string" || !isName(name, accessNameBytesMax)) {
    throw new ConfigError(`${where}: name must be 1 to ${accessNameBytesMax} bytes of text without control characters`);
  }
  const named = `${where} (${JSON.stringify(name)})`;
  if (!isRole(role)) throw new ConfigError(`${named}: role must be node, viewer or admin`);
  return {
    name,
    sha256: readDigest(raw, named),
    role,
    prefixes: readPrefixes(prefixes, named),
    expires: readExpiry(raw, named),
  };
}

function readDigest(raw: Record<string, unknown>, where: string): string {
  const digests = [raw["sha256"], raw["sha-256"]].filter((digest) => digest !== undefined);
  const [digest] = digests;
  if (digests.length === 1 && typeof digest === "string" && /^[\da-f]{64}$/i.test(digest)) return digest.toLowerCase();
  throw new ConfigError(
    `${where}: sha256 must be the token's SHA-256 in 64 hexadecimal digits; baton token makes both`,
  );
}

function readPrefixes(raw: unknown, where: string): string[] {
  const prefixes: unknown[] = Array.isArray(raw) ? raw : [];
  if (prefixes.length > 0 && prefixes.length <= prefixesMax && prefixes.every(isPrefix)) return prefixes;
  throw new ConfigError(
    `${where}: prefixes must be a list of 1 to ${prefixesMax} texts of at most ${prefixBytesMax} bytes; "" is every resource`,
  );
}

/** Whether that is what the names of resources may begin with; "" is what all of them begin with. */
export function isPrefix(value: unknown): value is string {
  return value === "" || (typeof value === "string" && isName(value, prefixBytesMax));
}

/** Whether that is the name of a role. */
export function isRole(value: unknown): value is Role {
  return value === "node" || value === "viewer" || value === "admin";
}

function readExpiry({ expires }: Record<string, unknown>, where: string): number | undefined {
  if (expires === undefined) return undefined;
  const isDated =
    typeof expires === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(expires);
  const atMs = isDated ? Date.parse(expires) : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new ConfigError(`${where}: expires must be a date and time such as 2027-01-31T00:00:00Z`);
}
