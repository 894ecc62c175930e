// A command with a child of its own: both say which signals they get, and survive them all until stdin ends.
// With `mortal` they end by SIGTERM. Knows no Baton.
import { spawn } from "node:child_process";

const [role = "parent", kind] = process.argv.slice(2);
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

for (const signal of signals) {
  process.on(signal, () => {
    process.stdout.write(`${role} got ${signal}\n`);
    if (kind === "mortal" && signal === "SIGTERM") process.exit(0);
  });
}

if (role === "parent") {
  const child = spawn(process.execPath, [import.meta.filename, "child", ...(kind === undefined ? [] : [kind])], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  process.stdin.on("data", () => {});
  process.stdin.on("end", () => {
    child.kill("SIGKILL");
    process.exit(0);
  });
} else {
  // Whatever becomes of its parent, it stays until it is killed.
  setInterval(() => {}, 60_000);
}
process.stdout.write(`${role} is ready: ${process.pid}\n`);
