// The name of an image: registry, repository, tag or digest, read as Docker reads it. Knows no network.
import { ContentError } from "./content-error.ts";
import { isDigest } from "./digest.ts";

/** An image's name, whole: nothing left to be guessed. `digest`, when there, decides over `tag`. */
export type ImageReference = {
  /** The registry's name, such as `docker.io` or `localhost:5000`. */
  registry: string;
  /** Where that registry answers; for `docker.io` it is another host. */
  host: string;
  repository: string;
  tag?: string;
  digest?: string;
  /** The full reference, as the store's index.json and skopeo name it. */
  name: string;
};

const hostForm = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?$/;
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryForm = new RegExp(`^${component}(?:/${component})*$`);
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const nameBytesMax = 400;

/**
 * Reads an image's name. `alpine` is `docker.io/library/alpine:latest`; a first part with a dot or a colon, or
 * `localhost`, is a registry. Throws INVALID_REFERENCE, saying which part breaks which form.
 */
export function parseReference(text: string): ImageReference {
  const refuse = (what: string): never => {
    throw new ContentError("INVALID_REFERENCE", `${JSON.stringify(text.slice(0, nameBytesMax))} is no image: ${what}`);
  };
  if (text.includes("://")) refuse("write it without a scheme, as in docker.io/library/alpine:3.20");
  if (text.length > nameBytesMax) refuse(`it is longer than ${nameBytesMax} characters`);
  const [tagged = "", digest, ...more] = text.split("@");
  if (more.length > 0) refuse("it has more than one @");
  if (digest !== undefined && !isDigest(digest)) refuse("after the @ comes sha256: and 64 hexadecimal digits");
  const { registry, path } = splitRegistry(tagged);
  if (!hostForm.test(registry)) refuse(`${JSON.stringify(registry)} is no host name`);
  const colon = path.indexOf(":");
  const short = colon === -1 ? path : path.slice(0, colon);
  const tag = colon === -1 ? undefined : path.slice(colon + 1);
  const repository = registry === "docker.io" && !short.includes("/") ? `library/${short}` : short;
  if (!repositoryForm.test(repository))
    refuse("the repository is lower-case letters, digits, and . _ - / between them");
  if (tag !== undefined && !tagForm.test(tag)) refuse("the tag is 1 to 128 letters, digits, dots, dashes, underscores");
  return whole(registry, repository, tag, digest);
}

function whole(
  registry: string,
  repository: string,
  tag: string | undefined,
  digest: string | undefined,
): ImageReference {
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const repositoryName = `${registry}/${repository}`;
  if (digest !== undefined) {
    const name = `${repositoryName}${tag === undefined ? "" : `:${tag}`}@${digest}`;
    return { registry, host, repository, ...(tag === undefined ? {} : { tag }), digest, name };
  }
  const named = tag ?? "latest";
  return { registry, host, repository, tag: named, name: `${repositoryName}:${named}` };
}

function splitRegistry(text: string): { registry: string; path: string } {
  const slash = text.indexOf("/");
  const first = slash === -1 ? "" : text.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  if (!isHost) return { registry: "docker.io", path: text };
  const registry = first === "index.docker.io" || first === "registry-1.docker.io" ? "docker.io" : first;
  return { registry, path: text.slice(slash + 1) };
}
