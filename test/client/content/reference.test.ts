// Names of images, read as Docker reads them.
import { describe, expect, it } from "vitest";
import { choosePlatform, parsePlatform, platformHere } from "../../../client/content/platform.ts";
import { parseReference } from "../../../client/content/reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseReference", () => {
  it.each([
    ["alpine", "docker.io", "registry-1.docker.io", "library/alpine", "docker.io/library/alpine:latest"],
    ["alpine:3.20", "docker.io", "registry-1.docker.io", "library/alpine", "docker.io/library/alpine:3.20"],
    ["grafana/loki:3", "docker.io", "registry-1.docker.io", "grafana/loki", "docker.io/grafana/loki:3"],
    ["docker.io/alpine", "docker.io", "registry-1.docker.io", "library/alpine", "docker.io/library/alpine:latest"],
    ["index.docker.io/a/b", "docker.io", "registry-1.docker.io", "a/b", "docker.io/a/b:latest"],
    ["ghcr.io/a/b/c:v1.2_x", "ghcr.io", "ghcr.io", "a/b/c", "ghcr.io/a/b/c:v1.2_x"],
    ["localhost/app", "localhost", "localhost", "app", "localhost/app:latest"],
    ["127.0.0.1:5000/app:1", "127.0.0.1:5000", "127.0.0.1:5000", "app", "127.0.0.1:5000/app:1"],
    ["[::1]:5000/app:1", "[::1]:5000", "[::1]:5000", "app", "[::1]:5000/app:1"],
  ])("reads %s", (text, registry, host, repository, name) => {
    expect(parseReference(text)).toMatchObject({ registry, host, repository, name });
  });

  it("lets a digest decide over a tag and keeps both in the name", () => {
    expect(parseReference(`ghcr.io/a/b:v1@${digest}`)).toEqual({
      registry: "ghcr.io",
      host: "ghcr.io",
      repository: "a/b",
      tag: "v1",
      digest,
      name: `ghcr.io/a/b:v1@${digest}`,
    });
    expect(parseReference(`alpine@${digest}`).tag).toBeUndefined();
  });

  it.each([
    ["", "repository"],
    ["Alpine", "lower-case"],
    ["alpine:", "tag"],
    ["alpine:a b", "tag"],
    ["docker://alpine", "scheme"],
    ["alpine@sha256:12", "64 hexadecimal"],
    ["alpine@sha256:1@sha256:2", "more than one @"],
    ["../../etc:1", "host name"],
    ["a.b/../c", "lower-case"],
    ["bad_host.com:port/x", "host name"],
    ["x".repeat(401), "longer"],
  ])("refuses %j and says why", (text, why) => {
    expect(() => parseReference(text)).toThrow(why);
  });
});

describe("platforms", () => {
  const amd64 = { platform: { os: "linux", architecture: "amd64" } };
  const arm64 = { platform: { os: "linux", architecture: "arm64", variant: "v8" } };
  const armV6 = { platform: { os: "linux", architecture: "arm", variant: "v6" } };
  const armV7 = { platform: { os: "linux", architecture: "arm", variant: "v7" } };
  const attestation = { platform: { os: "unknown", architecture: "unknown" } };
  const index = [attestation, armV6, armV7, arm64, amd64];

  it("chooses what fits, the variant that is asked for first", () => {
    expect(choosePlatform(index, parsePlatform("linux/amd64"), "x")).toBe(amd64);
    expect(choosePlatform(index, parsePlatform("linux/arm64"), "x")).toBe(arm64);
    expect(choosePlatform(index, parsePlatform("linux/arm/v7"), "x")).toBe(armV7);
    expect(choosePlatform(index, parsePlatform("linux/arm"), "x")).toBe(armV6);
    expect(choosePlatform(index, platformHere("x64"), "x")).toBe(amd64);
  });

  it("names what there is when nothing fits", () => {
    expect(() => choosePlatform([attestation, amd64, armV7], parsePlatform("linux/s390x"), "app:1")).toThrow(
      "app:1 has no image for linux/s390x; it has linux/amd64, linux/arm/v7",
    );
  });

  it.each(["linux", "linux/", "/amd64", "linux/arm/", "linux/arm/v7/x"])("refuses %j", (text) => {
    expect(() => parsePlatform(text)).toThrow("is no platform");
  });
});
