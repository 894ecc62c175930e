// Starts the page: connects, follows the hub, and draws. Knows all parts; nobody imports it.
import { render } from "preact";
import { App } from "./app.tsx";
import { startContested } from "./contested.ts";
import { startFeed } from "./feed.ts";
import { dial } from "./link.ts";
import { startRights } from "./rights.ts";
import { startSamples } from "./samples.ts";

dial();
startFeed();
startRights();
startSamples();
startContested();
const page = document.getElementById("page");
if (page !== null) render(<App />, page);
