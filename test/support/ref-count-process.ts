// A process that adds nodes of its own to one reference set in a folder that others share, and says each when it is there.
// Usable without vitest; ends when it is killed, or when as many are there as it was told.
import { FileRefCountStorage, RefCountManager } from "../../client/refcount/index.ts";

const [folder = "", name = "", count = "0"] = process.argv.slice(2);
const storage = new FileRefCountStorage(folder);
for (let place = 0; place < Number(count); place += 1) {
  const node = `${name}-${place}`;
  await new RefCountManager(storage, node).update("pull", "r", { status: "done" });
  process.stdout.write(`${node}\n`);
}
