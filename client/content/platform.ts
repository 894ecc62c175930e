// Which of an index's images fits a machine. Knows no network and no store.
import { ContentError } from "./content-error.ts";

/** What an image runs on, in the words of the OCI image specification. */
export type Platform = { os: string; architecture: string; variant?: string };

const architectures: Record<string, string> = { x64: "amd64", ia32: "386", arm: "arm", arm64: "arm64" };

/** Reads `os/arch[/variant]`; throws INVALID_REFERENCE for anything else. */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  const [os, architecture, variant] = parts;
  if (!os || !architecture || variant === "" || parts.length > 3) {
    throw new ContentError(
      "INVALID_REFERENCE",
      `${JSON.stringify(text)} is no platform: os/arch or os/arch/variant, as in linux/arm64 or linux/arm/v7`,
    );
  }
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** What images run on here: linux, and the processor that Node names in its own words. */
export function platformHere(architecture: string): Platform {
  return { os: "linux", architecture: architectures[architecture] ?? architecture };
}

/** `linux/arm/v7`, as people write it. */
export function platformName(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** The image of an index that fits the platform: the variant asked for, else the one without, else the first. */
export function choosePlatform<Entry extends { platform?: Platform }>(
  manifests: readonly Entry[],
  wanted: Platform,
  name: string,
): Entry {
  const fitting = manifests.filter(({ platform }) => platform !== undefined && fits(platform, wanted));
  const exact = fitting.find(({ platform }) => platform?.variant === wanted.variant);
  const chosen = exact ?? fitting[0];
  if (chosen !== undefined) return chosen;
  const offered = manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : [platformName(platform)],
  );
  throw new ContentError(
    "NOT_FOUND",
    `${name} has no image for ${platformName(wanted)}; it has ${offered.join(", ") || "none that names a platform"}: ` +
      "say another by --platform",
  );
}

/** Whether what an image says it runs on fits what was asked for; a variant counts only where both name one. */
export function fits(offered: Platform, wanted: Platform): boolean {
  if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return false;
  return wanted.variant === undefined || offered.variant === undefined || offered.variant === wanted.variant;
}
