// The latest events of a user as people read them: a run of alike ones is one line, which opens.
import { When } from "../../design/parts";
import type { IdentityOverview } from "../../api/types";
import { texts } from "../../texts";
import { eventName } from "../../texts/events";
import { Details } from "../log/events";

type Event = IdentityOverview["events"][number];

export function Latest({ events }: { events: Event[] }) {
  const say = texts().user;
  return (
    <ul class="rows">
      {runsOf(events).map(([first, ...more]) => (
        <li key={`${first.seq} ${first.hash}`}>
          <div>
            <One event={first} />
            {more.length > 0 && (
              <details class="small">
                <summary>{say.moreAlike(more.length)}</summary>
                {more.map((one) => <One key={one.seq} event={one} />)}
              </details>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

type Run = [Event, ...Event[]];

/** Events that follow one another and are of one type and one device. Strangers are all one: who guesses codes makes a new
 * key for each. */
function runsOf(events: Event[]): Run[] {
  const runs: Run[] = [];
  for (const one of events) {
    const run = runs.at(-1);
    if (run && run[0].type === one.type && isAlike(run[0], one)) run.push(one);
    else runs.push([one]);
  }
  return runs;
}

function isAlike(one: Event, other: Event): boolean {
  return one.device === other.device || (one.device_name === null && other.device_name === null);
}

function One({ event }: { event: Event }) {
  return (
    <div>
      <span title={event.type}>{eventName(event.type)}</span>
      <p class="quiet small"><When at={event.at} /></p>
      <Details of={event} />
    </div>
  );
}
