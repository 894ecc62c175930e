// A process that asks the guard of a file again and again, with fences that grow among all such processes and come a little
// late: one line of JSON an answer. Arguments: the file, how often.
import { writeSync } from "node:fs";
import { FenceGuard, StaleFenceError } from "../../client/fence/index.ts";

/** One answer; times in microseconds of the machine's monotonic clock. */
export type FenceAnswer = { fence: number; fromUs: number; toUs: number; isYes: boolean };

const [file = "", count = "0"] = process.argv.slice(2);
const nowUs = () => Number(process.hrtime.bigint() / 1_000n);

using guard = new FenceGuard({ file, busyMsMax: 60_000 });
for (let left = Number(count); left > 0; left -= 1) {
  const fence = nowUs();
  const lateUs = Math.random() < 0.5 ? 0 : Math.random() * 20_000;
  while (nowUs() < fence + lateUs);
  const fromUs = nowUs();
  const isYes = isAccepted(fence);
  const answer: FenceAnswer = { fence, fromUs, toUs: nowUs(), isYes };
  // At once, so that no kill takes back what was answered.
  writeSync(1, `${JSON.stringify(answer)}\n`);
}

function isAccepted(fence: number): boolean {
  try {
    guard.check("shared", fence);
    return true;
  } catch (error) {
    if (error instanceof StaleFenceError) return false;
    throw error;
  }
}
