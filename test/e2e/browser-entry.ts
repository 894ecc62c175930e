// The SDK as a page uses it.
import { connect } from "../../client/index.ts";

Object.assign(globalThis, { baton: { connect } });
