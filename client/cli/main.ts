#!/usr/bin/env node
// `baton` as it is started: the program, on a Node that can run it. On an older one what it imports would fail to load, in many
// lines. Nobody imports it.
import { refusalOfNode } from "../../shared/node-version.ts";

const refusal = refusalOfNode("baton", process.versions.node);
if (refusal === undefined) await import("./program.ts");
else {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 1;
}
