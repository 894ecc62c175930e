// The machine that a bench runs on, and how busy others kept it meanwhile: figures from a machine that is not quiet tell
// little. Knows no bench.
import { availableParallelism, cpus } from "node:os";
import { serversCpuUs } from "./server-process.ts";

/** What the figures were measured on. */
export interface Machine {
  cores: number;
  processor: string;
  node: string;
}

/** The machine at hand. */
export function thisMachine(): Machine {
  return { cores: availableParallelism(), processor: cpus()[0]?.model ?? "unknown", node: process.version };
}

/**
 * Starts to count; the function it answers with tells which share of all cores others have used since, from 0 to 1:
 * whatever was neither this process nor a server that it started and stopped.
 */
export function countOthers(): () => number {
  const atFirst = reading();
  return () => {
    const now = reading();
    const others = now.busyUs - atFirst.busyUs - (now.oursUs - atFirst.oursUs);
    return Math.max(0, others / (now.allUs - atFirst.allUs));
  };
}

function reading() {
  let busyUs = 0;
  let idleUs = 0;
  for (const { times } of cpus()) {
    busyUs += (times.user + times.nice + times.sys + times.irq) * 1_000;
    idleUs += times.idle * 1_000;
  }
  const { user, system } = process.cpuUsage();
  return { busyUs, allUs: busyUs + idleUs, oursUs: user + system + serversCpuUs() };
}
