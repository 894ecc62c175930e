// One hub for all tests of a file, which starts before the first and stops after the last. Knows no command.
import { afterAll, beforeAll } from "vitest";
import { type HubProcess, startHubProcess } from "../../support/hub.ts";

/** The environment in which `baton` finds the file's hub; it is filled by the time that the first test runs. */
export function hubOfFile(): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  let hub: HubProcess | undefined;
  beforeAll(async () => {
    hub = await startHubProcess();
    env["BATON_URL"] = hub.url;
  });
  afterAll(() => hub?.stop());
  return env;
}
