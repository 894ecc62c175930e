// The files that a TLS connection is to trust.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readTrust } from "../../../client/cli/trust.ts";
import { dataFolder } from "../../support/data-folder.ts";

test.each([
  ["", "holds nothing in PEM form"],
  ["hello\n", "holds nothing in PEM form"],
])("a --ca file that holds %j is refused, and not the system's authorities trusted in its place", (text, why) => {
  const ca = join(dataFolder(), "ca.pem");
  writeFileSync(ca, text);
  expect(() => readTrust({ ca })).toThrow(`--ca ${ca} ${why}`);
});

test("a file that is not there, and a certificate without its key, are refused", () => {
  expect(() => readTrust({ ca: "there-is-none.pem" })).toThrow("--ca there-is-none.pem cannot be read");
  expect(() => readTrust({ cert: "one.pem" })).toThrow("--cert and --key go together");
});
