// The view of all sessions: who is there, for how long, and what each holds and awaits. Asks by HTTP while it is open.
import { signal, useComputed } from "@preact/signals";
import { compareText } from "../../shared/text.ts";
import { duration, searchable } from "../../shared/wording.ts";
import type { Hub, SessionRow } from "../index.ts";
import { useAsking } from "./asking.ts";
import { nowMs } from "./clock.ts";
import { ActionButton, wordFor, type Action } from "./confirmation.tsx";
import { Emptiness } from "./emptiness.tsx";
import { Foreign } from "./foreign.tsx";
import { hub } from "./link.ts";
import { adjust } from "./navigation.ts";
import { mayRule } from "./rights.ts";
import { SearchField } from "./search-field.tsx";
import { Title } from "./title.tsx";

const askMs = 1_500;
const shownMax = 500;

type Known = { readonly sessions: readonly SessionRow[]; readonly atMs: number };
const known = signal<Known | undefined>(undefined);

async function ask(hub: Hub, signal: AbortSignal): Promise<Known> {
  const sessions = await hub.sessions("", { signal });
  return { sessions, atMs: performance.now() };
}

/** All sessions, or those that a search finds. */
export function Sessions({ search }: { search: string }) {
  useAsking(askMs, "sessions", () => ({ ask, show: (answer) => (known.value = answer) }));
  const found = useComputed(() => {
    const wanted = search.toLowerCase();
    const all = known.value?.sessions ?? [];
    return all
      .filter(({ node, owner, session }) => [node, owner, session].map(searchable).join("\n").includes(wanted))
      .toSorted((one, other) => compareText(one.node, other.node));
  });
  const sinceMs = Math.max(0, nowMs.value - (known.value?.atMs ?? nowMs.value));
  const hidden = found.value.length - shownMax;
  return (
    <section class="view" aria-labelledby="title">
      <Title aside={<span class="quiet number">{known.value === undefined ? "" : found.value.length}</span>}>
        Sessions
      </Title>
      <div class="tools">
        <SearchField
          label="Search sessions"
          placeholder="Search nodes, owners, sessions"
          value={search}
          onSearch={(wanted) => adjust({ view: "sessions", search: wanted })}
        />
      </div>
      {known.value !== undefined && found.value.length === 0 && (
        <Emptiness
          title="No session fits"
          command={'const hub = await connect("ws://127.0.0.1:7420", { node: "node-1" });'}
        >
          A node has a session from its first hello. From code:
        </Emptiness>
      )}
      {found.value.length > 0 && <SessionTable sessions={found.value.slice(0, shownMax)} sinceMs={sinceMs} />}
      {hidden > 0 && <p class="quiet">and {hidden} more: search for them</p>}
    </section>
  );
}

function SessionTable({ sessions, sinceMs }: { sessions: readonly SessionRow[]; sinceMs: number }) {
  return (
    <div class="scroller free">
      <table>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">State</th>
            <th scope="col" class="number aside">
              Age
            </th>
            <th scope="col" class="number">
              Holds
            </th>
            <th scope="col" class="number">
              Waits
            </th>
            <th scope="col" class="aside">
              Owner
            </th>
            <th scope="col">
              <span class="unseen">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <SessionLine key={session.session} session={session} sinceMs={sinceMs} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SessionLine({ session, sinceMs }: { session: SessionRow; sinceMs: number }) {
  const { node, owner, detached, endsInMs, ageMs, holding, waiting } = session;
  const left = endsInMs === undefined ? "" : `, ends in ${duration(Math.max(0, Math.round(endsInMs - sinceMs)))}`;
  return (
    <tr>
      <th scope="row" class="wide">
        <Foreign text={node} />
      </th>
      <td>
        <span class={`pill ${detached ? "quiet" : "good"}`}>
          <i class="dot" aria-hidden="true" />
          <span>{detached ? `detached${left}` : "connected"}</span>
        </span>
      </td>
      <td class="number aside">{duration(Math.round(ageMs + sinceMs))}</td>
      <td class="number">{holding}</td>
      <td class="number">{waiting}</td>
      <td class="aside">
        <Foreign text={owner} />
      </td>
      <td class="last">
        {hub.value !== undefined && mayRule.value && <ActionButton action={kicking(hub.value, session)} />}
      </td>
    </tr>
  );
}

function kicking(hub: Hub, { session, node, holding, waiting }: SessionRow): Action {
  return {
    title: "Kick a session",
    consequence: `What it holds (${holding}) is released as a failure and goes to the next in line; what it awaits (${waiting}) is given up. Its node may come back with a new session.`,
    word: wordFor(node, "kick"),
    verb: "Kick",
    done: "Kicked.",
    wantsReason: true,
    act: (reason) => hub.kick(session, { reason }),
  };
}
