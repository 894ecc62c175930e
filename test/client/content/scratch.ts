// A folder that is gone after the test, and waiting that takes no time.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Store } from "../../../client/content/index.ts";
import type { Pause } from "../../../client/content/pause.ts";
import { FaultRegistry } from "../../support/fault-registry.ts";

export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "baton-content-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function scratchStore(): Promise<Store> {
  return await Store.open(join(await scratchFolder(), "store"));
}

export async function faultRegistry(): Promise<FaultRegistry> {
  const registry = await FaultRegistry.start();
  onTestFinished(() => registry.close());
  return registry;
}

/** Waiting that only counts; `meanwhile` may act after so many milliseconds that seemed to pass. */
export function handMovedPause(meanwhile: (passedMs: number) => void | Promise<void> = () => undefined): {
  pause: Pause;
  passedMs: () => number;
} {
  let passedMs = 0;
  const pause: Pause = async (ms, signal) => {
    signal.throwIfAborted();
    passedMs += ms;
    await meanwhile(passedMs);
  };
  return { pause, passedMs: () => passedMs };
}
