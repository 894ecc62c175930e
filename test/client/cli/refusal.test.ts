import { expect, test } from "vitest";
import { refusal } from "../../../client/cli/refusal.ts";
import { plainly } from "../../../client/cli/tls-words.ts";
import { BatonError } from "../../../client/index.ts";

test.each([
  ["body.reason must be text of 1 to 256 bytes", "--reason must be text of 1 to 256 bytes"],
  ["not free, and waitMs is 0", "not free, and --wait is 0"],
  ["holdMs has passed without an extend", "--hold has passed without an extend"],
])("what a hub says of a field is said of its flag: %s", (said, words) => {
  expect(refusal(new BatonError("INVALID_MESSAGE", said)).message).toBe(words);
});

test("what a holder has said of its failure is left as it is", () => {
  const error = new BatonError("OPERATION_FAILED", "it has failed", { failure: { message: "waitMs is no flag" } });
  expect(refusal(error).message).toBe("it has failed: waitMs is no flag");
});

test.each([
  [
    "unable to verify the first certificate; if …, try running Node.js with --use-system-ca",
    "wss://h",
    /--ca \(BATON_CA\)/,
  ],
  ["self-signed certificate in certificate chain", "https://h", /--ca \(BATON_CA\)/],
  ["ssl3_read_bytes:tlsv13 alert certificate required:../x.c:918", "wss://h", /--cert and --key/],
  ["ssl3_read_bytes:tlsv1 alert unknown ca:../x.c:918", "wss://h", /does not take the certificate of --cert/],
  ["tls_validate_record_header:wrong version number:../x.c:77", "wss://h", /ws:\/\//],
  ["socket hang up", "ws://h", /wss:\/\//],
  ["other side closed", "http://h", /wss:\/\//],
])("a handshake that failed is told in one plain line: %s", (said, url, words) => {
  expect(plainly(said, url)).toMatch(words);
  expect(plainly(said, url)).not.toMatch(/system-ca|\.c:/);
});

test("any other failure is told as the system tells it", () => {
  expect(plainly("connect ECONNREFUSED 127.0.0.1:1", "wss://h")).toBe("connect ECONNREFUSED 127.0.0.1:1");
  expect(plainly("socket hang up", "wss://h")).toBe("socket hang up");
});
