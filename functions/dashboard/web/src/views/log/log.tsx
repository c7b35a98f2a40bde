// The audit log: by time, by whom and of what kind, page by page, and as a file for spreadsheets.
import { useEffect, useRef, useState } from "preact/hooks";
import { type ApiProblem, ask, problemFrom } from "../../api/client";
import { useResource } from "../../api/resource";
import type { AuditedEvent, AuditedEvents } from "../../api/types";
import { useCell } from "../../cell";
import { useMore, usePlaceInList, useShown } from "../../design/lists";
import { Badge, Empty, Title, Trouble, Waiting } from "../../design/parts";
import { become, place, to } from "../../router";
import { day, moment, texts, time } from "../../texts";
import { eventName } from "../../texts/events";
import { Details } from "./events";
import { download, everyRow } from "./file";
import { FilterForm, type Filters, type Mistakes, NO_FILTERS, type Query, askedBy, filtersOf, mistakesIn, queryOf } from "./filters";

/** How old the newest verification may be, in milliseconds: it is to be done every week. */
const STALE = 8 * 86_400_000;

export function Log() {
  const { query } = useCell(place);
  const wanted = filtersOf(query);
  const say = texts();
  const [filters, setFilters] = useState(wanted);
  useEffect(() => setFilters(wanted), [JSON.stringify(wanted)]);
  const mistakes = mistakesIn(filters);
  // an address may be typed, too: what is wrong in it is said at its field, and not asked for
  const asked = askedBy(isSound(wanted) ? wanted : NO_FILTERS);
  const key = `log ${JSON.stringify(asked)}`;
  const read = async (cursor: string | null) => (await ask("GET /events", { query: { ...asked, cursor } })).data;
  const found = useResource(key, () => read(null), joined);
  const page = useShown(found);
  const section = useRef<HTMLElement>(null);
  const more = useMore(key, section, async () => {
    if (!found.data) return;
    const { cursor } = found.data;
    const next = await read(cursor);
    found.add((known) =>
      // read again meanwhile, it may end elsewhere: then this is not what follows
      known.cursor === cursor ? { events: [...known.events, ...next.events], cursor: next.cursor } : known,
    );
  });
  const [problem, setProblem] = useState<ApiProblem>();
  const [exported, setExported] = useState<number>();
  const [heard, setHeard] = useState("");
  usePlaceInList();

  const count = found.data && (found.data.events.length === 0 && found.data.cursor === null
    ? say.log.empty.title
    : say.log.found(found.data.events.length, found.data.cursor !== null));
  useEffect(() => {
    if (count) setHeard(count);
  }, [count]);

  /** Ask for what stands in the fields, where nothing of it is wrong. */
  const apply = (chosen: Filters): Query | undefined => {
    if (!isSound(chosen)) {
      document.querySelector<HTMLElement>("form [aria-invalid=true]")?.focus();
      return undefined;
    }
    become(to(["log"], { ...queryOf(chosen) }));
    return askedBy(chosen);
  };
  const save = async () => {
    const chosen = exported === undefined && apply(filters);
    if (!chosen) return;
    setProblem(undefined);
    setExported(0);
    try {
      const { text, rows } = await everyRow(chosen, setExported);
      download(text);
      setHeard(say.log.exported(rows));
    } catch (error) {
      setProblem(problemFrom(error));
    } finally {
      setExported(undefined);
    }
  };
  const refused: Mistakes = Object.fromEntries((found.problem?.errors ?? []).map((one) => [one.field === "about" ? "identity" : one.field, one.message]));
  const saidAtFields = Object.keys(refused).length > 0 && Object.keys(refused).every((field) => field in NO_FILTERS);
  const trouble = problem ?? (saidAtFields ? undefined : found.problem);

  return (
    <>
      <Title
        end={
          <button type="button" class="button" aria-disabled={exported !== undefined} onClick={() => void save()}>
            {exported === undefined ? say.log.export : say.log.exporting(exported)}
          </button>
        }
      >
        {say.log.title}
      </Title>
      <p class="hidden" role="status">{heard}</p>
      <section class="card" aria-label={say.log.proof}>
        <Signed />
        <Verified />
      </section>
      <FilterForm filters={filters} wrong={{ ...refused, ...mistakes }} onChange={setFilters} onApply={(chosen) => void apply(chosen)} />
      {trouble && <Trouble problem={trouble} {...(problem ? {} : { again: () => void found.again() })} />}
      {!page && !found.problem && <Waiting />}
      {page && (
        <section ref={section} class={`card flush ${found.data ? "" : "old"}`} aria-label={say.log.title} aria-busy={!found.data || found.reading}>
          {page.events.length === 0 && page.cursor === null ? <Empty {...say.log.empty} /> : <Rows events={page.events} />}
          {page.events.length === 0 && page.cursor !== null && <p class="waiting">{say.log.goesOn}</p>}
          {(page.events.length > 0 || page.cursor !== null) && (
            <div class="foot">
              <span class="quiet small">{say.log.found(page.events.length, page.cursor !== null)}</span>
              {more.problem && <Trouble problem={more.problem} />}
              {page.cursor !== null && (
                <button type="button" class="button" aria-disabled={more.reading} onClick={more.read}>{say.common.more}</button>
              )}
            </div>
          )}
        </section>
      )}
    </>
  );
}

function isSound(filters: Filters): boolean {
  return Object.keys(mistakesIn(filters)).length === 0;
}

/** The newest events read anew, and the further ones that were known, where one follows the other without a gap. */
function joined(fresh: AuditedEvents, known: AuditedEvents): AuditedEvents {
  const last = fresh.events.at(-1);
  const at = known.events.findIndex((one) => last && one.hash === last.hash && one.seq === last.seq && one.id === last.id);
  if (fresh.cursor === null || at < 0 || at === known.events.length - 1) return fresh;
  return { events: [...fresh.events, ...known.events.slice(at + 1)], cursor: known.cursor };
}

/** The newest event of a type; null where there is none yet. */
function useNewest(type: string): AuditedEvent | null | undefined {
  return useResource(`newest ${type}`, async () => (await ask("GET /events", { query: { type } })).data.events[0] ?? null).data;
}

/** Up to when the log is beyond anybody's reach. */
function Signed() {
  const say = texts().log;
  const signed = useNewest("log.signed");
  if (signed === undefined) return null;
  return <p class="quiet">{signed ? say.signed(day(String(signed.detail?.["day"])), time(signed.at)) : say.unsigned}</p>;
}

/** What the last verification has found, of those whose result was written down. */
function Verified() {
  const say = texts().log;
  const verified = useNewest("log.verified");
  if (verified === undefined) return null;
  if (verified === null) return <p class="quiet">{say.unverified} <code class="whole">make verify-log ARGS=--record</code></p>;
  const { whole, events, identities, days, finding } = verified.detail ?? {};
  return (
    <>
      <p>
        {whole === true ? <Badge tone="good">{say.whole}</Badge> : <Badge tone="bad">{say.notWhole}</Badge>}
        {" "}
        {say.verified(time(verified.at), Number(events), Number(identities), Number(days))}
      </p>
      {Date.now() - Date.parse(verified.at) > STALE && (
        <div class="notice warn">
          <p>{say.stale} <code class="whole">make verify-log ARGS=--record</code></p>
        </div>
      )}
      {whole !== true && (
        <div class="notice bad">
          {finding != null && <p lang="en">{String(finding)}</p>}
          <p>{say.whatNow}</p>
        </div>
      )}
    </>
  );
}

function Rows({ events }: { events: AuditedEvent[] }) {
  const say = texts().log;
  return (
    <table class="table folds">
      <thead>
        <tr>
          <th scope="col">{say.at}</th>
          <th scope="col">{say.what}</th>
          <th scope="col">{say.identity}</th>
          <th scope="col">{say.details}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((one) => (
          <tr key={`${one.identity} ${one.seq} ${one.hash}`}>
            <td class="nowrap"><time dateTime={one.at} title={one.at}>{moment(one.at)}</time></td>
            <td class="what">
              {eventName(one.type)}
              <br />
              <code class="quiet">{one.type}</code>
            </td>
            <td class="who" data-label={one.identity ? say.identity : undefined}><Whose event={one} /></td>
            <td>
              <Details of={one} />
              {one.source && <p class="quiet small">{say.source} {one.source}</p>}
              <details class="small">
                <summary>{say.chain}</summary>
                <code>{one.seq} · {one.hash}</code>
              </details>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Of an identity, of the administrators' own log, or of one that was erased, of which the name is gone. */
function Whose({ event }: { event: AuditedEvent }) {
  const say = texts().log;
  if (event.identity) return <a class="strong" href={to(["user", event.identity])}>{event.identity}</a>;
  return <span class="quiet">{event.id === null ? say.erased : say.server}</span>;
}
