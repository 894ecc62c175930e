// The view of one resource: who holds it, who waits and why, what was last done to it. Knows the feed of one resource.
import { counted, duration } from "../../shared/wording.ts";
import type { Hub, ResourceView } from "../index.ts";
import { ago } from "./ago.ts";
import { attemptsOf, lastFailureOf } from "./attempts.ts";
import { nowMs } from "./clock.ts";
import { ActionButton, wordFor, type Action } from "./confirmation.tsx";
import { Emptiness } from "./emptiness.tsx";
import { Foreign, Sentence } from "./foreign.tsx";
import { hub } from "./link.ts";
import { usePast, useResource, type Past } from "./one-resource.ts";
import { QueueLine } from "./queue-line.tsx";
import { mayRule } from "./rights.ts";
import { hashOf, allResources } from "./route.ts";
import { Timeline } from "./timeline.tsx";
import { Title } from "./title.tsx";
import { howHolds, shareDone, whyWaits, type LastFailure } from "./why.ts";

const resultLengthMax = 400;

/** One resource whole. */
export function Resource({ name }: { name: string }) {
  const known = useResource(name);
  const past = usePast(name, known);
  const { value } = known;
  return (
    <section class="view" aria-labelledby="title">
      <p class="trail">
        <a href={hashOf(allResources)}>Resources</a> /
      </p>
      <Title aside={value.kind === "there" && <Actions view={value.view} />}>
        <Foreign text={name} />
      </Title>
      {value.kind === "refused" && (
        <Emptiness title="The hub does not show it to you">
          <Foreign text={value.reason} className="inline" />
        </Emptiness>
      )}
      {value.kind === "absent" && <Attempts past={past.value} />}
      {value.kind === "absent" && (
        <Emptiness title="The hub has nothing of it" command="baton run RESOURCE -- COMMAND">
          Nobody holds it, nobody waits, and nothing that was done to it is remembered. It shows itself when a node
          asks:
        </Emptiness>
      )}
      {value.kind === "there" && <Whole view={value.view} sinceMs={sinceOf(value.atMs)} past={past.value} />}
    </section>
  );
}

function Attempts({ past }: { past: Past }) {
  return <Timeline attempts={attemptsOf(past.history)} sinceMs={sinceOf(past.atMs)} />;
}

/** How long ago that was, in milliseconds; what came since the clock last moved came just now. */
function sinceOf(atMs: number): number {
  return Math.max(0, nowMs.value - atMs);
}

type Shown = { view: ResourceView; sinceMs: number; failure: LastFailure | undefined };

function Whole({ view, sinceMs, past }: { view: ResourceView; sinceMs: number; past: Past }) {
  const [holder] = view.holders;
  const failure = holder === undefined ? undefined : lastFailureOf(past.history, holder.operation);
  return (
    <>
      <Facts view={view} sinceMs={sinceMs} />
      <div class="card">
        <QueueLine view={view} sinceMs={sinceMs} />
      </div>
      <div class="columns">
        <div class="stack">
          <Holders view={view} sinceMs={sinceMs} failure={failure} />
          <Attempts past={past} />
        </div>
        <Queue view={view} sinceMs={sinceMs} failure={failure} />
      </div>
    </>
  );
}

function Facts({ view, sinceMs }: { view: ResourceView; sinceMs: number }) {
  const { outcome, delayedMs } = view;
  return (
    <dl class="facts">
      <div>
        <dt>Holding</dt>
        <dd class="number">{view.limit === undefined ? view.holding : `${view.holding} of ${view.limit}`}</dd>
      </div>
      <div>
        <dt>Waiting</dt>
        <dd class="number">{view.waiting}</dd>
      </div>
      {delayedMs !== undefined && delayedMs > sinceMs && (
        <div>
          <dt>Granted to nobody for</dt>
          <dd class="number">{duration(Math.round(delayedMs - sinceMs))}</dd>
        </div>
      )}
      <div class="grow">
        <dt>Last success</dt>
        <dd>{outcome === undefined ? "none remembered" : <Outcome outcome={outcome} sinceMs={sinceMs} />}</dd>
      </div>
    </dl>
  );
}

function Outcome({ outcome, sinceMs }: { outcome: NonNullable<ResourceView["outcome"]>; sinceMs: number }) {
  const result = outcome.result === undefined ? undefined : JSON.stringify(outcome.result);
  return (
    <>
      <Foreign text={outcome.operation} className="inline" /> by <Foreign text={outcome.node} className="inline" />{" "}
      {ago(outcome.ageMs + sinceMs)}
      <span class="quiet"> · fence {outcome.fence}</span>
      {result !== undefined && (
        <code class="result">
          <Foreign text={result.slice(0, resultLengthMax)} />
        </code>
      )}
    </>
  );
}

function Holders({ view, sinceMs, failure }: Shown) {
  return (
    <div class="card">
      <h2>{view.holding === 1 ? "Holder" : "Holders"}</h2>
      {view.holders.length === 0 && <p class="quiet">Nobody holds it.</p>}
      <ul class="people">
        {view.holders.map((holder) => (
          <li key={`${holder.session}/${holder.id}`}>
            <p>
              <Sentence parts={howHolds(holder, sinceMs, failure)} />
            </p>
            <Progress holder={holder} />
            <p class="quiet">
              <Foreign text={holder.operation} className="inline" /> · {holder.mode} · fence {holder.fence} · attempt{" "}
              {holder.attempt}
            </p>
          </li>
        ))}
        {view.holding > view.holders.length && <li class="quiet">and {view.holding - view.holders.length} more</li>}
      </ul>
    </div>
  );
}

function Progress({ holder: { progress } }: { holder: ResourceView["holders"][number] }) {
  if (progress === undefined) return null;
  const share = shareDone(progress);
  return (
    <div class="progress-line">
      {share !== undefined && (
        <progress value={share} max={1} aria-label="Progress">
          {Math.floor(share * 100)} %
        </progress>
      )}
      <span class="quiet number">
        {progress.done !== undefined && progress.done}
        {progress.total !== undefined && ` of ${progress.total}`}
      </span>
      {progress.note !== undefined && <Foreign text={progress.note} />}
    </div>
  );
}

function Queue({ view, sinceMs, failure }: Shown) {
  return (
    <div class="card">
      <h2>Queue</h2>
      {view.queue.length === 0 && <p class="quiet">Nobody waits.</p>}
      <ol class="people">
        {view.queue.map((waiter, place) => (
          <li key={`${waiter.session}/${waiter.id}`}>
            <p>
              <Foreign text={waiter.node} className="inline strong" />{" "}
              <Sentence parts={whyWaits(view, place, sinceMs, failure)} />
            </p>
            <p class="quiet">
              <Foreign text={waiter.operation} className="inline" /> · {waiter.mode} · waiting{" "}
              {duration(Math.round(waiter.waitedMs + sinceMs))}
            </p>
          </li>
        ))}
      </ol>
      {view.waiting > view.queue.length && (
        <p class="quiet">and {counted(view.waiting - view.queue.length, "more node")} behind them</p>
      )}
    </div>
  );
}

function Actions({ view }: { view: ResourceView }) {
  const { value } = hub;
  if (value === undefined || !mayRule.value) return null;
  return (
    <div class="actions">
      {view.holding > 0 && <ActionButton action={releasing(value, view)} />}
      {view.outcome !== undefined && <ActionButton action={forgetting(value, view)} />}
    </div>
  );
}

function releasing(hub: Hub, { resource, holders, holding }: ResourceView): Action {
  // With one holder its fence is named, so that whoever was granted meanwhile is not the one who loses it.
  const [only] = holding === 1 ? holders : [];
  return {
    title: "Force release",
    consequence: `${counted(holding, "holder")} will be told that the grant is lost, and the next in line is granted. What the holder is doing does not stop by itself.`,
    word: wordFor(resource, "release"),
    verb: "Force release",
    done: "Released by force.",
    wantsReason: true,
    act: (reason) => hub.forceRelease(resource, only === undefined ? { reason } : { reason, fence: only.fence }),
  };
}

function forgetting(hub: Hub, { resource }: ResourceView): Action {
  return {
    title: "Forget the last success",
    consequence: "Whoever asks from now on does the work anew, though it was done.",
    word: wordFor(resource, "forget"),
    verb: "Forget",
    done: "Forgotten.",
    wantsReason: false,
    act: () => hub.forget(resource),
  };
}
