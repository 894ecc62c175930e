import { expect, test } from "vitest";
import { exitCodeOf, exitCodes, exitCodesHelp } from "../../../client/cli/exit-codes.ts";
import { codes } from "../../../shared/errors.ts";

test.each([
  ["LOCK_TIMEOUT", 75],
  ["LOCK_ALREADY_HELD", 75],
  ["LOCK_DELAYED", 75],
  ["LOCK_EXPIRED", 76],
  ["LOCK_REVOKED", 76],
  ["SESSION_ENDED", 76],
  ["OPERATION_FAILED", 70],
  ["ATTEMPTS_EXHAUSTED", 70],
  ["UNAVAILABLE", 69],
  ["PROTOCOL", 69],
  ["UNAUTHORIZED", 77],
  ["FORBIDDEN", 77],
  ["INVALID_KEY", 64],
])("%s gives exit code %i", (code, exitCode) => {
  expect(exitCodeOf(code)).toBe(exitCode);
});

test("every code of the protocol has an exit code of the table, and none is that of a success", () => {
  for (const code of Object.keys(codes)) {
    expect(Object.values(exitCodes)).toContain(exitCodeOf(code));
    expect(exitCodeOf(code)).not.toBe(exitCodes.success);
  }
});

test("--help prints every exit code", () => {
  for (const exitCode of Object.values(exitCodes))
    expect(exitCodesHelp).toMatch(new RegExp(`^ +${exitCode} +\\S`, "m"));
});
