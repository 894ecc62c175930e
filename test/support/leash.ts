// What keeps a process from outliving the test that started it, however that ends, where the system can. Knows no process.
import { spawnSync } from "node:child_process";

const leash = ["setpriv", "--pdeathsig", "KILL"];

/** The words that come before a command's own; none where the system cannot. */
export const leashed: readonly string[] = spawnSync("setpriv", [...leash.slice(1), "true"]).status === 0 ? leash : [];
