// A worker thread that turns a journal's rows into a checkpoint: it folds them with the same core as the hub, on another
// thread, so that the hub need not stand still. Knows nothing of the hub but its folder.
import { parentPort, workerData } from "node:worker_threads";
import { writeCheckpoint } from "./checkpoint.ts";
import { recover } from "./sqlite-file.ts";

const folder: string = workerData;
const { table } = recover(folder);
writeCheckpoint(folder, table);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
parentPort?.postMessage(table.order);
