// Users: search as you type, by what restore is like or what is missing, page by page.
import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../../api/client";
import { useResource } from "../../api/resource";
import { DEVICES_OVER, type Identities, LACKS, RESTORE_STATUSES } from "../../api/types";
import { useCell } from "../../cell";
import { useMore, usePlaceInList, useShown } from "../../design/lists";
import { Empty, Field, Status, Title, Trouble, Waiting } from "../../design/parts";
import { become, go, place, to } from "../../router";
import { number, texts } from "../../texts";
import { lastList } from "./last";
import { asName, beginsName } from "./names";

const PAUSE = 200;
/** The lists that the server keeps: one at a time. */
const LISTS = ["restore", "lacks", "devices_over"] as const;

export function Users() {
  const { query } = useCell(place);
  const typed = query.get("prefix") ?? "";
  const prefix = beginsName(asName(typed)) ? asName(typed) : "";
  const listed = LISTS.find((name) => query.has(name));
  const filter = listed ? `${listed}=${query.get(listed)}` : "";
  const over = query.get("devices_over");
  const say = texts();

  const show = (asked: { prefix: string; filter: string }) => {
    const [kind, value] = asked.filter.split("=");
    become(to(["users"], { prefix: asked.prefix, ...(kind ? { [kind]: value } : {}) }));
  };

  const read = async (cursor: string | null) =>
    (await ask("GET /identities", { query: { prefix, ...(listed && { [listed]: query.get(listed) }), cursor } })).data;
  const key = `users ${prefix} ${filter}`;
  const found = useResource(key, () => read(null), joined);
  const page = useShown(found);
  const section = useRef<HTMLElement>(null);
  const more = useMore(key, section, async () => {
    if (!found.data) return;
    const { cursor } = found.data;
    const next = await read(cursor);
    found.add((known) =>
      // read again meanwhile, it may end elsewhere: then this is not what follows
      known.cursor === cursor ? { identities: [...known.identities, ...next.identities], cursor: next.cursor } : known,
    );
  });
  const opening = useRef<string | undefined>(undefined); // somebody has pressed Enter before the answer was there
  const open = (wanted: string) => {
    const [only, ...others] = (wanted === prefix && found.data?.identities) || [];
    opening.current = wanted === prefix && found.data ? undefined : wanted;
    if (only && others.length === 0) go(to(["user", only.identity]));
  };

  useEffect(() => {
    lastList.set(to(["users"], { prefix, ...(listed && { [listed]: query.get(listed) }) }));
  }, [key]);
  useEffect(() => {
    if (opening.current !== prefix) opening.current = undefined;
    else if (found.data) open(prefix);
  }, [found.data, prefix]);
  usePlaceInList();

  const none = filter ? say.users.emptyBoth : say.users.empty;
  const empty = prefix ? none(prefix) : filter ? say.users.emptyList : say.users.nobody;
  const heard = useRef("");
  if (found.data) {
    const { identities, cursor } = found.data;
    heard.current = identities.length === 0 ? empty.title : say.users.found(identities.length, cursor !== null);
  }

  return (
    <>
      <Title>{say.users.title}</Title>
      <p class="hidden" role="status">{heard.current}</p>
      <div class="bar top-aligned" role="search">
        <Search value={prefix} typedBefore={typed} onSearch={(wanted) => show({ prefix: wanted, filter })} onEnter={open} />
        <Field label={say.users.filter} narrow>
          {(attributes) => (
            <select {...attributes} class="input" value={filter} onChange={(event) => show({ prefix, filter: event.currentTarget.value })}>
              <option value="">{say.users.all}</option>
              <optgroup label={say.users.byStatus}>
                {RESTORE_STATUSES.map((one) => <option key={one} value={`restore=${one}`}>{say.status[one]}</option>)}
              </optgroup>
              <optgroup label={say.users.byLack}>
                {LACKS.map((one) => <option key={one} value={`lacks=${one}`}>{say.lacks[one]}</option>)}
              </optgroup>
              <optgroup label={say.users.byDevices}>
                {DEVICES_OVER.filter((one) => one === "1" || one === over).map((one) => (
                  <option key={one} value={`devices_over=${one}`}>{say.users.over(Number(one))}</option>
                ))}
              </optgroup>
            </select>
          )}
        </Field>
      </div>
      {found.problem && <Trouble problem={found.problem} again={() => void found.again()} />}
      {!page && !found.problem && <Waiting />}
      {page && (
        <section ref={section} class={`card flush ${found.data ? "" : "old"}`} aria-label={say.users.title} aria-busy={!found.data || found.reading}>
          {page.identities.length === 0
            ? (
              <Empty {...empty}>
                {(prefix || filter) && <a class="button" href={to(["users"])}>{say.users.showAll}</a>}
              </Empty>
            )
            : <List page={page} />}
          {page.identities.length > 0 && (
            <div class="foot">
              <span class="quiet small">{say.users.found(page.identities.length, page.cursor !== null)}</span>
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

/** The first page read anew, and the further ones that were known: names are in order. */
function joined(fresh: Identities, known: Identities): Identities {
  const { cursor } = fresh;
  if (cursor === null) return fresh;
  const further = known.identities.filter(({ identity }) => identity > cursor);
  return further.length === 0 ? fresh : { identities: [...fresh.identities, ...further], cursor: known.cursor };
}

interface SearchProps {
  value: string;
  typedBefore: string;
  onSearch: (wanted: string) => void;
  onEnter: (wanted: string) => void;
}

/** What is typed is shown at once, and asked for after a short pause; no name begins so, it is said here and not asked. */
function Search({ value, typedBefore, onSearch, onEnter }: SearchProps) {
  const say = texts().users;
  const [typed, setTyped] = useState(typedBefore);
  const wanted = asName(typed);
  const wrong = beginsName(wanted) ? undefined : say.badName;
  useEffect(() => setTyped((now) => (asName(now) === value ? now : typedBefore)), [typedBefore]);
  useEffect(() => {
    if (wanted === value || wrong) return undefined;
    const asked = location.hash;
    // whoever has just gone on, to a user, is not called back by what they typed before
    const later = setTimeout(() => location.hash === asked && onSearch(wanted), PAUSE);
    return () => clearTimeout(later);
  }, [typed]);
  return (
    <form
      class="field"
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong || !wanted) return;
        if (wanted !== value) onSearch(wanted);
        onEnter(wanted);
      }}
    >
      <Field label={say.search} hint={say.searchHint} wrong={wrong}>
        {(attributes) => (
          <input
            {...attributes}
            class="input"
            type="search"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            maxLength={64}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        )}
      </Field>
    </form>
  );
}

function List({ page }: { page: Identities }) {
  const say = texts();
  return (
    <table class="table folds">
      <thead>
        <tr>
          <th scope="col">{say.users.identity}</th>
          <th scope="col">{say.users.restore}</th>
          <th scope="col" class="number">{say.users.devices}</th>
          <th scope="col">{say.users.missing}</th>
        </tr>
      </thead>
      <tbody>
        {page.identities.map((one) => (
          <tr key={one.identity}>
            <td><a class="strong" href={to(["user", one.identity])}>{one.identity}</a></td>
            <td><Status of={one.restore} bounces={one.lacks.includes("working_address")} /></td>
            <td class="number" data-label={say.users.devices}>{number(one.devices)}</td>
            <td>
              <ul class="chips">{one.lacks.map((lack) => <li key={lack} class="chip">{say.lacks[lack]}</li>)}</ul>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
