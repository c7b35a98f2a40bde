// The audit log: by time, by whom and of what kind, page by page, and as a file for spreadsheets.
import { useState } from "preact/hooks";
import { type ApiProblem, ask, problemFrom, send } from "../../api/client";
import { useResource } from "../../api/resource";
import type { AuditedEvent } from "../../api/types";
import { useCell } from "../../cell";
import { Badge, Empty, Field, Title, Trouble, Waiting, When } from "../../design/parts";
import { become, place, to } from "../../router";
import { SERVER } from "../../session/config";
import { day, texts, time } from "../../texts";
import { KINDS, eventName } from "../../texts/events";
import { Details } from "./events";

interface Filters {
  from: string;
  to: string;
  identity: string;
  type: string;
}

/** How old the newest verification may be, in milliseconds: it is to be done every week. */
const STALE = 8 * 86_400_000;
const NONE: Filters = { from: "", to: "", identity: "", type: "" };

export function Log() {
  const { query } = useCell(place);
  const wanted: Filters = {
    from: query.get("from") ?? "",
    to: query.get("to") ?? "",
    identity: query.get("identity") ?? "",
    type: query.get("type") ?? "",
  };
  const say = texts();
  const asked = { ...wanted, from: inUtc(wanted.from), to: inUtc(wanted.to) };
  const read = async (cursor: string | null) => (await ask("GET /events", { query: { ...asked, cursor } })).data;
  const found = useResource(`log ${JSON.stringify(wanted)}`, () => read(null));
  const [problem, setProblem] = useState<ApiProblem>();
  const [reading, setReading] = useState(false);
  const [exported, setExported] = useState<number>();

  const attempt = async (act: () => Promise<void>) => {
    setProblem(undefined);
    try {
      await act();
    } catch (error) {
      setProblem(problemFrom(error));
    } finally {
      setReading(false);
      setExported(undefined);
    }
  };
  const readOn = () =>
    attempt(async () => {
      if (!found.data) return;
      setReading(true);
      const next = await read(found.data.cursor);
      found.know({ events: [...found.data.events, ...next.events], cursor: next.cursor });
    });
  const save = () => attempt(async () => download(await everyRow(asked, setExported)));

  return (
    <>
      <Title
        end={
          <button type="button" class="button" disabled={exported !== undefined} onClick={() => void save()}>
            {exported === undefined ? say.log.export : say.log.exporting(exported)}
          </button>
        }
      >
        {say.log.title}
      </Title>
      <section class="card" aria-label={say.log.proof}>
        <Signed />
        <Verified />
      </section>
      <FilterForm key={JSON.stringify(wanted)} wanted={wanted} />
      {(problem ?? found.problem) && <Trouble problem={(problem ?? found.problem) as ApiProblem} again={() => void found.again()} />}
      {!found.data && !found.problem && <Waiting />}
      {found.data && (
        <section class="card flush" aria-label={say.log.title} aria-busy={found.reading}>
          {found.data.events.length === 0 && found.data.cursor === null
            ? <Empty {...say.log.empty} />
            : <Rows events={found.data.events} />}
          {found.data.cursor !== null && (
            <div class="foot">
              <button type="button" class="button" disabled={reading} onClick={() => void readOn()}>{say.common.more}</button>
            </div>
          )}
        </section>
      )}
    </>
  );
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
  if (verified === null) return <p class="quiet">{say.unverified} <code>make verify-log ARGS=--record</code></p>;
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
          <p>{say.stale} <code>make verify-log ARGS=--record</code></p>
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

function FilterForm({ wanted }: { wanted: Filters }) {
  const say = texts().log;
  const [filters, setFilters] = useState(wanted);
  const show = (chosen: Filters) => become(to(["log"], { ...chosen, identity: chosen.identity.trim().toLowerCase(), type: chosen.type.trim() }));
  const set = (name: keyof Filters) => (event: { currentTarget: HTMLInputElement }) =>
    setFilters({ ...filters, [name]: event.currentTarget.value });
  return (
    <form
      class="bar"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        show(filters);
      }}
    >
      <Field label={say.from}>{(a) => <input {...a} class="input" type="datetime-local" value={filters.from} onInput={set("from")} />}</Field>
      <Field label={say.to}>{(a) => <input {...a} class="input" type="datetime-local" value={filters.to} onInput={set("to")} />}</Field>
      <Field label={say.identity}>
        {(a) => (
          <input {...a} class="input" autocomplete="off" autocapitalize="none" spellcheck={false} value={filters.identity} onInput={set("identity")} />
        )}
      </Field>
      <Field label={say.type}>
        {(a) => (
          <>
            <input {...a} class="input" list="kinds" autocomplete="off" spellcheck={false} placeholder="restore.barred" value={filters.type} onInput={set("type")} />
            <datalist id="kinds">{KINDS.map((one) => <option key={one} value={one} label={eventName(one)} />)}</datalist>
          </>
        )}
      </Field>
      <div class="buttons">
        <button type="submit" class="button main">{say.filter}</button>
        <button type="button" class="button" onClick={() => show(NONE)}>{say.clear}</button>
      </div>
    </form>
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
            <td class="nowrap"><When at={one.at} exact /></td>
            <td class="what">
              {eventName(one.type)}
              <br />
              <code class="quiet">{one.type}</code>
            </td>
            <td class="who" data-label={one.identity ? say.identity : undefined}><Whose event={one} /></td>
            <td>
              <Details detail={one.detail} />
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

/** What stands in a field for a time, which is the viewer's own, as the server reads it. */
function inUtc(local: string): string {
  const at = local ? new Date(local) : undefined;
  return at && !Number.isNaN(at.getTime()) ? at.toISOString().replace(/\.\d+Z$/, "Z") : "";
}

/** Every page of the file, each but the first without its heading. */
async function everyRow(asked: Filters, tell: (rows: number) => void): Promise<string> {
  let text = "";
  let rows = 0;
  let query: Record<string, string> = { ...asked };
  for (;;) {
    tell(rows);
    const page = await send("GET", "/events", { query, accept: "text/csv" });
    const lines = String(page.data);
    text += lines.slice(text === "" ? 0 : lines.indexOf("\n") + 1);
    rows = text.split("\n").length - 2;
    if (!page.next?.startsWith(SERVER)) return text;
    query = Object.fromEntries(new URL(page.next).searchParams);
  }
}

function download(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `audit-log-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
