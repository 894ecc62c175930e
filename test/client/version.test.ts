import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { client } from "../../client/version.ts";

test("the version that hubs are told is that of the package", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(client).toBe(`baton-js/${version}`);
});
