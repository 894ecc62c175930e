// The memory engine keeps the engine's contract.
import { memoryBook } from "../../../server/engine/memory-journal.ts";
import { engineContract } from "./contract.ts";

engineContract("memory", memoryBook);
