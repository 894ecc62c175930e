// The name of a node that was given none: where it runs and a random part. Knows no hub.
import { isName } from "../shared/text.ts";

const randomCharacters = 8;
const hostCharactersMax = 100;

/** `host-k3j9x0qa`: the host's name where the platform tells it without an import, else "node"; and a random part. */
export function randomNodeName(random: () => number): string {
  let part = "";
  while (part.length < randomCharacters) part += Math.floor(random() * 36).toString(36);
  return `${hostName() ?? "node"}-${part}`;
}

function hostName(): string | undefined {
  // A browser has no `process`, and older runtimes cannot be asked for a module.
  const host = globalThis.process?.getBuiltinModule?.("os")?.hostname()?.slice(0, hostCharactersMax);
  return host !== undefined && isName(host, hostCharactersMax) ? host : undefined;
}
