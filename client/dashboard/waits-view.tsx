// Who waits for whom, as a picture of circles first and then a list. Knows the contested resources.
import { duration } from "../../shared/wording.ts";
import { circles, contestedMax, isAsked, waits } from "./contested.ts";
import { Emptiness } from "./emptiness.tsx";
import { Foreign } from "./foreign.tsx";
import { hashOf } from "./route.ts";
import { Title } from "./title.tsx";
import type { Wait } from "./waits.ts";

const shownMax = 200;

/** All waits that have lasted a second. */
export function Waits() {
  const byHolder = [...Map.groupBy(waits.value.slice(0, shownMax), ({ holder }) => holder)].sort(
    ([, one], [, other]) => other.length - one.length,
  );
  return (
    <section class="view" aria-labelledby="title">
      <Title aside={<span class="quiet">of the {contestedMax} resources with the longest waits</span>}>
        Who waits for whom
      </Title>
      {circles.value.map((circle) => (
        <Circle circle={circle} key={circle.map(({ waiter }) => waiter).join()} />
      ))}
      {isAsked.value && byHolder.length === 0 && (
        <Emptiness title="Nobody waits for anybody" command="baton run db-migrate -- sleep 30   # twice, in two shells">
          When a node has waited for a second, it appears here behind the one that it waits for. Nodes that wait for
          each other in a circle are shown first.
        </Emptiness>
      )}
      <div class="columns">
        {byHolder.map(([holder, behind]) => (
          <div class="card" key={holder}>
            <h2>
              <Foreign text={holder} />
            </h2>
            <p class="quiet">{behind.length === 1 ? "1 waits for it" : `${behind.length} wait for it`}</p>
            <ul class="waits">
              {behind.map((wait) => (
                <li key={`${wait.waiter} ${wait.resource}`}>
                  <Foreign text={wait.waiter} className="strong" />
                  <span class="quiet"> for </span>
                  <a href={hashOf({ view: "resource", name: wait.resource })}>
                    <Foreign text={wait.resource} />
                  </a>
                  <span class="number quiet">{duration(wait.sinceMs)}</span>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
  );
}

/** One circle, as a ring of nodes, and in words. */
function Circle({ circle }: { circle: readonly Wait[] }) {
  return (
    <div class="card alarm" role="alert">
      <h2>They wait for each other: unless one lets go, none will be granted</h2>
      <ol class="circle">
        {circle.map(({ waiter, holder, resource }) => (
          <li key={waiter}>
            <Foreign text={waiter} className="inline strong" /> waits for{" "}
            <Foreign text={holder} className="inline strong" />, who holds{" "}
            <a href={hashOf({ view: "resource", name: resource })}>
              <Foreign text={resource} className="inline" />
            </a>
          </li>
        ))}
      </ol>
      <p class="quiet">Force one of these resources from its holder, or end one of these nodes.</p>
    </div>
  );
}

/** The warning on the overview; nothing when there is no circle. */
export function CircleWarning() {
  const [first] = circles.value;
  if (first === undefined) return null;
  return (
    <p class="warning-line" role="alert">
      <span class="mark warning" aria-hidden="true">
        !
      </span>
      <span>
        {first.length} nodes wait for each other in a circle: <a href="#/waits">see who waits for whom</a>
      </span>
    </p>
  );
}
