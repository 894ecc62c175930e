// A file of tokens for a hub under test, and the tokens themselves by their names. Knows the form of the file, no hub.
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What an entry says beside name and digest. */
export type Rights = { role: string; prefixes?: readonly string[]; expires?: string };

/** A file of tokens that goes away with the test. */
export type TokenList = AsyncDisposable & {
  readonly file: string;
  /** The token of a name; there is one for any name, in the file or not. */
  token(name: string): string;
  /** Puts other entries in the place of those in the file. */
  write(entries: Record<string, Rights>): Promise<void>;
  writeText(text: string): Promise<void>;
};

/** Writes a file with one token for each name. */
export async function tokenList(entries: Record<string, Rights>): Promise<TokenList> {
  const folder = await mkdtemp(join(tmpdir(), "baton-tokens-"));
  const file = join(folder, "tokens.json");
  const token = (name: string) => `baton_secret-of-${name}`;
  const entryOf = ([name, rights]: [string, Rights]) => ({
    name,
    sha256: createHash("sha256").update(token(name)).digest("hex"),
    ...rights,
  });
  const list = {
    file,
    token,
    write: (changed: Record<string, Rights>) => writeFile(file, JSON.stringify(Object.entries(changed).map(entryOf))),
    writeText: (text: string) => writeFile(file, text),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
  await list.write(entries);
  return list;
}
