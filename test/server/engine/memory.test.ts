import { memoryJournal } from "../../../server/engine/memory-journal.ts";
import { engineContract } from "./contract.ts";

engineContract("memory", () => ({ open: memoryJournal }));
