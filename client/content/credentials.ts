// What the machine's Docker configuration knows of a registry: a name and a password, if they are in the file.
// Knows no network; credential helpers are not asked.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { parseJson } from "../../shared/json-text.ts";

/** A name and a password as HTTP Basic says them: base64 of `name:password`. */
export type Credentials = { basic: string };

const configForm = z.object({
  auths: z.optional(
    z.record(
      z.string(),
      z.object({
        auth: z.optional(z.string()),
        username: z.optional(z.string()),
        password: z.optional(z.string()),
      }),
    ),
  ),
});

/** Reads `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`; a file that is missing or strange knows nothing. */
export async function readCredentials(
  registry: string,
  environment: { readonly [name: string]: string | undefined } = process.env,
): Promise<Credentials | undefined> {
  const folder = environment["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
  let text: string;
  try {
    text = await readFile(join(folder, "config.json"), "utf8");
  } catch {
    return undefined;
  }
  return credentialsIn(text, registry);
}

/** Finds a registry's entry in the text of a Docker configuration, under any of the names that Docker has used. */
export function credentialsIn(text: string, registry: string): Credentials | undefined {
  const config = configForm.safeParse(parseJson(text));
  if (!config.success || config.data.auths === undefined) return undefined;
  const names = registry === "docker.io" ? ["docker.io", "index.docker.io", "registry-1.docker.io"] : [registry];
  for (const [key, entry] of Object.entries(config.data.auths)) {
    const host = key.replace(/^https?:\/\//, "").replace(/\/(?:v1|v2)?\/?$/, "");
    if (!names.includes(host)) continue;
    if (entry.auth !== undefined && entry.auth !== "") return { basic: entry.auth };
    if (entry.username !== undefined && entry.password !== undefined) {
      return { basic: Buffer.from(`${entry.username}:${entry.password}`).toString("base64") };
    }
  }
  return undefined;
}
